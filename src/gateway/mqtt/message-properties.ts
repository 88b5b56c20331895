import type { UserProperties } from 'mqtt-packet';

/** Properties of a message that its subscribers get, as mqtt-packet reads them. */
export interface MessageProperties {
  readonly payloadFormatIndicator?: boolean | undefined;
  readonly messageExpiryInterval?: number | undefined;
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Buffer | undefined;
  readonly userProperties?: UserProperties | undefined;
}

/** As they stand in a packet, without their length. MQTT 5 §3.3.2.3. */
export function messageProperties(properties: MessageProperties): Uint8Array {
  const { payloadFormatIndicator, messageExpiryInterval, contentType, responseTopic, correlationData, userProperties = {} } = properties;
  const parts: Uint8Array[] = [];
  if (payloadFormatIndicator) parts.push(Uint8Array.of(0x01, 1));
  if (messageExpiryInterval !== undefined) parts.push(expiry(messageExpiryInterval));
  if (contentType !== undefined) parts.push(Uint8Array.of(0x03), counted(contentType));
  if (responseTopic !== undefined) parts.push(Uint8Array.of(0x08), counted(responseTopic));
  if (correlationData !== undefined) parts.push(Uint8Array.of(0x09), counted(correlationData));
  for (const [name, values] of Object.entries(userProperties)) {
    for (const value of [values].flat()) parts.push(Uint8Array.of(0x26), counted(name), counted(value));
  }
  return Buffer.concat(parts);
}

function expiry(seconds: number): Uint8Array {
  const bytes = Buffer.of(0x02, 0, 0, 0, 0);
  bytes.writeUInt32BE(seconds, 1);
  return bytes;
}

/** After its length. */
function counted(text: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(text as string);
  return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}
