import type { MessagePort } from 'node:worker_threads';
import {
  FLAG_TELEMETRY,
  TRAFFIC_ANSWER,
  TRAFFIC_PUBLISH,
  TRAFFIC_RELEASED,
  TRAFFIC_TAKEN,
  TrafficWriter,
} from '../../contract/broker/traffic.js';
import type { BrokerToGateway, GatewayToBroker } from '../../contract/threads/broker.js';
import type { GatewayKernel } from '../kernel.js';

/** A message as the broker gets it. */
export interface PublishedMessage {
  readonly topic: Uint8Array;
  /** Of MQTT 5, as they stand in the packet, without their length. */
  readonly properties: Uint8Array;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly isRetained: boolean;
  /** The log takes it in besides. */
  readonly isTelemetry: boolean;
}

/** Messages up to `number` have to outlive the process before the acknowledgement at `place` is sent. */
interface Held {
  readonly number: number;
  readonly place: number;
}

/** The packet id of a QoS 2 message that waits for the log. */
interface WaitingId {
  readonly session: number;
  readonly packetId: number;
  /** Of its PUBREC. */
  readonly place: number;
  isReleased: boolean;
}

type Kernel = Pick<GatewayKernel, 'takeHeld' | 'setHeld' | 'releaseHeld' | 'durableTo'>;
type Control = Exclude<GatewayToBroker, { kind: 'traffic' }>;

const QOS_SHIFT = 1;
const NOWHERE = Number.POSITIVE_INFINITY;

/** The gateway's end of its port to the broker. What is written in a turn goes out at its end, in order. */
export class BrokerLink {
  readonly #port: MessagePort;
  readonly #kernel: Kernel;
  readonly #traffic = new TrafficWriter();
  /** Oldest first. */
  readonly #held: Held[] = [];
  /** By rising places. */
  #waitingIds: WaitingId[] = [];
  /** The first place of the ids that were written since the last flush, or NOWHERE. */
  #writtenFrom = NOWHERE;
  #number = 0;

  constructor(port: MessagePort, kernel: Kernel) {
    this.#port = port;
    this.#kernel = kernel;
  }

  receive(listener: (message: BrokerToGateway) => void): void {
    this.#port.on('message', listener);
  }

  /** Everything that was written before is on its way before it. */
  post(message: Control): void {
    this.flush();
    this.#port.postMessage(message);
  }

  /** A client's message. `session` 0: it came over another protocol, for a device of `tenant`. */
  publish(session: number, tenant: string, { topic, properties, payload, qos, isRetained, isTelemetry }: PublishedMessage): void {
    const traffic = this.#traffic;
    traffic.u8(TRAFFIC_PUBLISH);
    traffic.u8((qos << QOS_SHIFT) | (isRetained ? 1 : 0) | (isTelemetry ? FLAG_TELEMETRY : 0));
    traffic.f64(session);
    if (session === 0) {
      const name = Buffer.from(tenant);
      traffic.u8(name.length);
      traffic.bytes(name);
    }
    traffic.u16(topic.length);
    traffic.bytes(topic);
    traffic.u16(properties.length);
    traffic.bytes(properties);
    traffic.u32(payload.length);
    traffic.bytes(payload);
  }

  /** The client answers a message that it was sent: PUBACK (4), PUBREC (5) or PUBCOMP (7). */
  answer(session: number, type: number, reason: number, packetId: number): void {
    this.#traffic.u8(TRAFFIC_ANSWER);
    this.#traffic.u8(type);
    this.#traffic.u8(reason);
    this.#traffic.f64(session);
    this.#traffic.u16(packetId);
  }

  /** A QoS 2 message of the client was taken in. */
  taken(session: number, packetId: number): void {
    this.#traffic.u8(TRAFFIC_TAKEN);
    this.#traffic.f64(session);
    this.#traffic.u16(packetId);
  }

  /**
   * The same of a message that the log takes in: the broker gets the id once the log has the message, and PUBREC waits for both. Sooner, a
   * crash could leave the id of a message that is lost, and the client's next attempt would be taken for a repeated one.
   */
  takenOnceDurable(session: number, packetId: number, place: number): void {
    this.#waitingIds.push({ session, packetId, place, isReleased: false });
  }

  /** The log may have more than before. */
  durable(): void {
    if (this.#waitingIds.length === 0) return;
    const end = this.#kernel.durableTo();
    let done = 0;
    for (; done < this.#waitingIds.length; done++) {
      const { session, packetId, place, isReleased } = this.#waitingIds[done] as WaitingId;
      if (place >= end) break;
      if (!isReleased) this.taken(session, packetId);
      this.#writtenFrom = Math.min(this.#writtenFrom, place);
    }
    if (done > 0) this.#waitingIds = this.#waitingIds.slice(done);
  }

  released(session: number, packetId: number): void {
    const waiting = this.#waitingIds.find((id) => id.session === session && id.packetId === packetId && !id.isReleased);
    if (waiting) {
      // The client did not wait for PUBREC, which still waits for the log.
      waiting.isReleased = true;
      return;
    }
    this.#traffic.u8(TRAFFIC_RELEASED);
    this.#traffic.f64(session);
    this.#traffic.u16(packetId);
  }

  /** Sends what was written; acknowledgements that are held since the last flush wait for it. */
  flush(): void {
    const held = this.#kernel.takeHeld();
    const place = Math.min(held < 0 ? NOWHERE : held, this.#writtenFrom);
    this.#writtenFrom = NOWHERE;
    if (place === NOWHERE && this.#traffic.length === 0) return;
    const number = place === NOWHERE ? 0 : ++this.#number;
    if (number > 0) this.#held.push({ number, place });
    const bytes = this.#traffic.take();
    this.#port.postMessage({ kind: 'traffic', number, bytes } satisfies GatewayToBroker, [bytes.buffer]);
  }

  /** The broker has made everything up to `number` durable; `send` takes the kernel's sends and calls. */
  settled(number: number, send: () => void): void {
    const held = this.#held;
    let done = 0;
    while (done < held.length && (held[done] as Held).number <= number) done++;
    if (done === 0) return;
    held.splice(0, done);
    const place = Math.min(this.#waitingIds[0]?.place ?? NOWHERE, this.#writtenFrom, ...held.map((one) => one.place));
    this.#kernel.setHeld(place === NOWHERE ? -1 : place);
    while (this.#kernel.releaseHeld() === 0) send();
    send();
  }

  /** Nothing waits for the broker. */
  get isSettled(): boolean {
    return this.#held.length === 0 && this.#waitingIds.length === 0 && this.#writtenFrom === NOWHERE;
  }

  close(): void {
    this.#port.close();
  }
}
