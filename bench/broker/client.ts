import { connect, type Socket } from 'node:net';

export type Qos = 0 | 1 | 2;

export interface ClientOptions {
  readonly port: number;
  readonly id: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const PUBREC = 5;
const PUBREL = 6;
const PUBCOMP = 7;
const SUBACK = 9;
const NOTHING = Buffer.alloc(0);
const PACKET_IDS = 65_535;

/** A client of MQTT 3.1.1 with a clean session that does as little for a message as the protocol allows. It sends once what a read gave rise to. */
export class BenchClient {
  readonly #socket: Socket;
  readonly #ready: Promise<void>;
  #rest: Buffer = NOTHING;
  #out: Buffer[] = [];
  #answered: (() => void) | undefined;
  #id = 0;
  /** Messages at QoS 1 and 2 that the server has not acknowledged. */
  unacknowledged = 0;
  /** A message has come. */
  received: (payload: Buffer) => void = () => undefined;
  /** What a read brought is taken in. */
  afterRead: () => void = () => undefined;

  constructor({ port, id, user, password }: ClientOptions) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#ready = new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#socket.once('error', reject);
      this.#socket.once('close', () => reject(new Error(`cannot bench: the server has closed the connection of ${id}`)));
    });
    const credentials = user === undefined ? [] : [text(user), text(password ?? '')];
    const flags = user === undefined ? 0x02 : 0xc2;
    this.#socket.write(packet(0x10, text('MQTT'), Buffer.of(4, flags, 0, 0), text(id), ...credentials));
  }

  /** Fulfilled by CONNACK; rejected when the connection ends before. */
  ready(): Promise<void> {
    return this.#ready;
  }

  async subscribe(filter: string, qos: Qos): Promise<void> {
    const granted = new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
    this.#socket.write(packet(0x82, Buffer.of(0, 1), text(filter), Buffer.of(qos)));
    await granted;
  }

  /** Puts a message beside those that `send` sends. */
  publish(topic: Buffer, payload: Buffer, qos: Qos): void {
    if (qos === 0) {
      this.#out.push(packet(0x30, topic, payload));
      return;
    }
    this.#id = (this.#id % PACKET_IDS) + 1;
    this.unacknowledged++;
    this.#out.push(packet(0x30 | (qos << 1), topic, Buffer.of(this.#id >> 8, this.#id & 0xff), payload));
  }

  send(): void {
    if (this.#out.length === 0) return;
    this.#socket.write(this.#out.length === 1 ? (this.#out[0] as Buffer) : Buffer.concat(this.#out));
    this.#out = [];
  }

  end(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const head = lengthAt(bytes, at);
      if (!head || head.next + head.value > bytes.length) break;
      this.#take(bytes[at] as number, bytes.subarray(head.next, head.next + head.value));
      at = head.next + head.value;
    }
    this.#rest = bytes.subarray(at);
    this.afterRead();
    this.send();
  }

  #take(header: number, body: Buffer): void {
    const type = header >> 4;
    if (type === PUBLISH) this.#message(header, body);
    else if (type === PUBACK || type === PUBCOMP) this.unacknowledged--;
    else if (type === PUBREC) this.#answer(0x62, body);
    else if (type === PUBREL) this.#answer(0x70, body);
    else if (type === CONNACK && body[1] === 0) this.#answered?.();
    else if (type === SUBACK && (body[2] as number) < 3) this.#answered?.();
    else throw new Error(`cannot bench: the server answers with packet type ${type}: ${body.toString('hex')}`);
  }

  #message(header: number, body: Buffer): void {
    const qos = (header >> 1) & 3;
    const at = 2 + body.readUInt16BE(0);
    this.received(body.subarray(qos === 0 ? at : at + 2));
    if (qos === 1) this.#answer(0x40, body.subarray(at, at + 2));
    else if (qos === 2) this.#answer(0x50, body.subarray(at, at + 2));
  }

  #answer(header: number, id: Buffer): void {
    this.#out.push(Buffer.of(header, 2, id[0] as number, id[1] as number));
  }
}

/** After its length. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function packet(header: number, ...parts: readonly Buffer[]): Buffer {
  let rest = parts.reduce((bytes, { length }) => bytes + length, 0);
  const head = [header];
  do {
    const more = rest >> 7;
    head.push((rest & 0x7f) | (more > 0 ? 0x80 : 0));
    rest = more;
  } while (rest > 0);
  return Buffer.concat([Buffer.from(head), ...parts]);
}

/** The Remaining Length of the packet at `at`, and where its rest begins; undefined: it has not come. */
function lengthAt(bytes: Buffer, at: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let next = at + 1; next < bytes.length; next++) {
    const byte = bytes[next] as number;
    value |= (byte & 0x7f) << (7 * (next - at - 1));
    if (byte < 0x80) return { value, next: next + 1 };
  }
  return undefined;
}
