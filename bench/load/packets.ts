import { deviceOf, firstSeq, hundredths, type LoadPlan, metricNames, turnOf } from './messages.js';

/**
 * A lap of PUBLISH packets, all of one length, laid out once; sending patches digits in place:
 *
 *   0x30 | qos << 1, remaining length (1 byte), topic length (2), "devices/dev-000001/telemetry", [packet id (2)],
 *   {"ts":1700000000000,"metrics":{"temp":21.53,"load":45.12},"seq":100000001}
 */
export class PacketLap {
  readonly bytes: Buffer;
  readonly packetBytes: number;
  readonly #plan: LoadPlan;
  readonly #idAt: number;
  readonly #tsAt: number;
  readonly #valuesAt: readonly number[];
  readonly #seqAt: number;

  constructor(plan: LoadPlan, deviceIds: readonly string[], qos: 0 | 1) {
    const payload = `{"ts":1700000000000,"metrics":{${metricNames.map((name) => `"${name}":10.00`).join(',')}},"seq":${firstSeq}}`;
    const topic = (device: number) => `devices/${deviceIds[device]}/telemetry`;
    const topicBytes = topic(plan.firstDevice).length;
    const remaining = 2 + topicBytes + (qos === 1 ? 2 : 0) + payload.length;
    if (remaining > 127) throw new Error(`cannot lay packets: ${remaining} bytes need a longer length`);
    this.#plan = plan;
    this.packetBytes = 2 + remaining;
    this.bytes = Buffer.alloc(plan.slots * this.packetBytes);
    this.#idAt = qos === 1 ? 4 + topicBytes : -1;
    const payloadAt = this.packetBytes - payload.length;
    this.#tsAt = payloadAt + payload.indexOf('1700000000000');
    this.#valuesAt = metricNames.map((name) => payloadAt + payload.indexOf(`"${name}":`) + name.length + 3);
    this.#seqAt = payloadAt + payload.indexOf(String(firstSeq));
    for (let slot = 0; slot < plan.slots; slot++) {
      const at = slot * this.packetBytes;
      this.bytes[at] = 0x30 | (qos << 1);
      this.bytes[at + 1] = remaining;
      this.bytes.writeUInt16BE(topicBytes, at + 2);
      this.bytes.write(topic(deviceOf(plan, slot)), at + 4, 'latin1');
      this.bytes.write(payload, at + payloadAt, 'latin1');
    }
  }

  /** Makes the packet of the connection's `message`-th message; its slot must be out of the socket's hands. */
  patch(message: number): void {
    const at = (message % this.#plan.slots) * this.packetBytes;
    const device = deviceOf(this.#plan, message);
    const turn = turnOf(this.#plan, message);
    if (this.#idAt >= 0) this.bytes.writeUInt16BE(packetId(message), at + this.#idAt);
    this.#digits(at + this.#tsAt, 13, this.#plan.baseMs + turn);
    for (let metric = 0; metric < this.#valuesAt.length; metric++) {
      const value = hundredths(device, turn, metric);
      const valueAt = at + (this.#valuesAt[metric] as number);
      this.#digits(valueAt, 2, Math.floor(value / 100));
      this.#digits(valueAt + 3, 2, value % 100);
    }
    this.#digits(at + this.#seqAt, 9, firstSeq + turn);
  }

  #digits(at: number, count: number, value: number): void {
    let rest = value;
    for (let place = at + count - 1; place >= at; place--) {
      const tens = Math.floor(rest / 10);
      this.bytes[place] = 48 + rest - tens * 10;
      rest = tens;
    }
  }
}

/** Packet ids are 1 to 65535, in turn. [MQTT-2.2.1-3] */
export function packetId(message: number): number {
  return (message % 65535) + 1;
}

/** CONNECT of MQTT 3.1.1: clean session, user name and password, no keep-alive. */
export function connectPacket(clientId: string, userName: string, password: string): Buffer {
  const field = (text: string) => {
    const bytes = Buffer.from(text);
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
  };
  const body = Buffer.concat([field('MQTT'), Buffer.from([4, 0b1100_0010, 0, 0]), field(clientId), field(userName), field(password)]);
  if (body.length > 127) throw new Error(`cannot lay CONNECT: ${body.length} bytes need a longer length`);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}
