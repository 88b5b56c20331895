import { TRAFFIC_BODY, TRAFFIC_DELIVER, TRAFFIC_PUBREL } from '../contract/broker/traffic.js';
import type { BrokerToGateway } from '../contract/threads/broker.js';
import type { Outgoing } from './exchange/outgoing.js';
import type { Journal } from './journal.js';
import type { Body } from './message.js';

/** Traffic that is sent before the turn ends, so that a gateway begins with it. */
const TRAFFIC_BYTES_MAX = 1 << 20;
const INITIAL_BYTES = 16_384;
/** kind, flags, connection, session, packet id, number of identifiers */
const DELIVER_BYTES = 17;
const PUBREL_BYTES = 15;

type Control = Exclude<BrokerToGateway, { kind: 'traffic' }>;

/** A gateway's port, as far as the broker sends. */
export interface GatewayPort {
  postMessage(message: BrokerToGateway, transfer: readonly ArrayBuffer[]): void;
}

/** What goes to one gateway, in order. Traffic is gathered and sent once a turn. */
export class Outbox {
  readonly #port: GatewayPort;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** The one that the deliveries behind it are of. */
  #body: Body | undefined;
  #settled = 0;
  #neededBatch = 0;
  #neededSequence = 0;

  constructor(port: GatewayPort) {
    this.#port = port;
  }

  /** Behind everything before it. */
  post(message: Control): void {
    this.flush();
    this.#port.postMessage(message, []);
  }

  /** Traffic up to `number` is settled once what it needs is durable here and handed to other processes, and everything before it. */
  settle(
    number: number,
    journal: Pick<Journal, 'after' | 'durable' | 'needed'>,
    outgoing?: Pick<Outgoing, 'after' | 'sent' | 'needed'>,
  ): void {
    this.#neededBatch = Math.max(this.#neededBatch, journal.needed);
    this.#neededSequence = Math.max(this.#neededSequence, outgoing?.needed ?? 0);
    const settled = () => {
      this.#settled = number;
    };
    // The last number of a turn stands for all.
    if (this.#neededBatch <= journal.durable && (!outgoing || this.#neededSequence <= outgoing.sent)) this.#settled = number;
    else if (!outgoing) journal.after(this.#neededBatch, settled);
    else {
      const sequence = this.#neededSequence;
      journal.after(this.#neededBatch, () => outgoing.after(sequence, settled));
    }
  }

  deliver(body: Body, flags: number, connection: number, session: number, packetId: number, identifiers: readonly number[]): void {
    if (body !== this.#body) this.#writeBody(body);
    this.#room(DELIVER_BYTES + 4 * identifiers.length);
    const view = this.#view;
    let at = this.#length;
    view.setUint8(at, TRAFFIC_DELIVER);
    view.setUint8(at + 1, flags);
    view.setUint32(at + 2, connection, true);
    view.setFloat64(at + 6, session, true);
    view.setUint16(at + 14, packetId, true);
    view.setUint8(at + 16, identifiers.length);
    at += DELIVER_BYTES;
    for (const identifier of identifiers) {
      view.setUint32(at, identifier, true);
      at += 4;
    }
    this.#length = at;
  }

  pubrel(connection: number, session: number, packetId: number): void {
    this.#room(PUBREL_BYTES);
    const view = this.#view;
    const at = this.#length;
    view.setUint8(at, TRAFFIC_PUBREL);
    view.setUint32(at + 1, connection, true);
    view.setFloat64(at + 5, session, true);
    view.setUint16(at + 13, packetId, true);
    this.#length = at + PUBREL_BYTES;
  }

  flush(): void {
    if (this.#length > 0) {
      const buffer = this.#bytes.buffer;
      const bytes = this.#bytes.subarray(0, this.#length);
      this.#port.postMessage({ kind: 'traffic', bytes }, [buffer]);
      this.#bytes = new Uint8Array(0);
      this.#length = 0;
      this.#body = undefined;
    }
    if (this.#settled > 0) {
      const number = this.#settled;
      this.#settled = 0;
      this.#port.postMessage({ kind: 'settled', number }, []);
    }
  }

  #writeBody(body: Body): void {
    if (this.#length >= TRAFFIC_BYTES_MAX) this.flush();
    this.#room(1 + body.length);
    this.#bytes[this.#length] = TRAFFIC_BODY;
    this.#bytes.set(body, this.#length + 1);
    this.#length += 1 + body.length;
    this.#body = body;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length, INITIAL_BYTES));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
