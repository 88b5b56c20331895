/** Building MQTT packets byte by byte, right ones and wrong ones. */

export type Part = number | string | Uint8Array;

/** Numbers are bytes, strings are MQTT strings: two bytes of length, then UTF-8. */
export function bytes(...parts: Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Buffer.of(part);
      if (typeof part !== 'string') return part;
      const text = Buffer.from(part);
      return Buffer.concat([u16(text.length), text]);
    }),
  );
}

export function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

export function variable(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  do {
    out.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(out);
}

/** A whole packet: first byte, Remaining Length, body. */
export function packet(header: number, ...body: Part[]): Buffer {
  const joined = bytes(...body);
  return bytes(header, variable(joined.length), joined);
}

/** MQTT 5 properties with their length in front. */
export function properties(...parts: Part[]): Buffer {
  const joined = bytes(...parts);
  return bytes(variable(joined.length), joined);
}

export interface ConnectParts {
  readonly level?: number;
  readonly protocol?: string;
  readonly flags?: number;
  readonly keepAlive?: number;
  readonly properties?: Uint8Array;
  readonly clientId?: string;
  /** What follows the client id in place of user name and password. */
  readonly rest?: Part[];
  readonly user?: string;
  readonly password?: string;
}

export function connect(parts: ConnectParts): Buffer {
  const level = parts.level ?? 4;
  return packet(
    0x10,
    parts.protocol ?? 'MQTT',
    level,
    parts.flags ?? 0xc2,
    u16(parts.keepAlive ?? 0),
    level === 5 ? (parts.properties ?? properties()) : Buffer.alloc(0),
    parts.clientId ?? '',
    ...(parts.rest ?? [parts.user ?? 'default', parts.password ?? '']),
  );
}

export interface PublishParts {
  readonly level: 4 | 5;
  readonly topic: string | Uint8Array;
  readonly qos?: number;
  readonly dup?: boolean;
  readonly retain?: boolean;
  readonly packetId?: number;
  readonly properties?: Uint8Array;
  readonly payload?: string | Uint8Array;
}

export function publish({ level, topic, qos = 0, dup, retain, packetId = 1, properties: props, payload = '{}' }: PublishParts): Buffer {
  const header = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  return packet(
    header,
    typeof topic === 'string' ? topic : bytes(u16(topic.length), topic),
    qos > 0 ? u16(packetId) : Buffer.alloc(0),
    level === 5 ? (props ?? properties()) : Buffer.alloc(0),
    Buffer.from(payload),
  );
}

export const PINGREQ = packet(0xc0);
export const PINGRESP = packet(0xd0);

const withReason =
  (header: number) =>
  (packetId: number, reason = 0) =>
    reason === 0 ? packet(header, u16(packetId)) : packet(header, u16(packetId), reason);
export const puback = withReason(0x40);
export const pubrec = withReason(0x50);
export const pubrel = withReason(0x62);
export const pubcomp = withReason(0x70);

export function disconnect(reason: number): Buffer {
  return packet(0xe0, reason, 0);
}
