import type { Clock } from './clock.js';
import { bodyInRecord, type Message, messageInRecord } from './message.js';

/** u8 QoS, u8 bytes of the tenant, tenant, record of the message */
export function retainedRecord(tenant: string, qos: number, message: Message): Uint8Array {
  const name = Buffer.from(tenant);
  return Buffer.concat([Buffer.of(qos, name.length), name, message.record()]);
}

export function retainedInRecord(id: number, record: Uint8Array, clock: Clock): { tenant: string; qos: number; message: Message } {
  const bytes = Buffer.from(record);
  const [qos = 0, length = 0] = bytes;
  const tenant = bytes.toString('utf8', 2, 2 + length);
  const rest = bytes.subarray(2 + length);
  const message = messageInRecord(id, rest, clock);
  message.body = bodyInRecord(rest);
  return { tenant, qos, message };
}
