import { COUNTER_GATEWAY_UNDELIVERED } from '../../../assembly/abi/counters.js';
import { TRAFFIC_BODY, TRAFFIC_DELIVER, TRAFFIC_PUBREL, TrafficReader } from '../../contract/broker/traffic.js';
import { OutgoingPublish, pubrel } from '../mqtt/publish-packet.js';
import type { Sessions } from '../mqtt/session.js';
import type { GatewayParts } from '../parts.js';
import { Gathered } from './gathered.js';

const PUBACK = 4;
const PUBREC = 5;
/** In place of success: the client was not sent the message, because it takes none of this size. MQTT 5 §3.5.2.1. */
const UNSPECIFIED = 0x80;
const QOS_MASK = 6;
const QOS_2 = 4;
/** A QoS 0 message for a client that has left so many bytes unread is dropped. */
const UNREAD_BYTES_MAX = 1024 * 1024;
const NO_IDENTIFIERS: readonly number[] = [];

const NOTHING = new OutgoingPublish(Buffer.alloc(0), new Uint8Array(0), new Uint8Array(0));

/** Sends clients the messages that the broker has for them. */
export class Deliveries {
  readonly #parts: GatewayParts;
  readonly #sessions: Pick<Sessions, 'find'>;
  readonly #gathered: Gathered;
  #body = NOTHING;

  constructor(parts: GatewayParts, sessions: Pick<Sessions, 'find'>) {
    this.#parts = parts;
    this.#sessions = sessions;
    this.#gathered = new Gathered(parts.reactor);
  }

  take(bytes: Uint8Array): void {
    const traffic = new TrafficReader(bytes);
    while (!traffic.isDone) {
      const kind = traffic.u8();
      if (kind === TRAFFIC_BODY) this.#readBody(traffic);
      else if (kind === TRAFFIC_DELIVER) this.#deliver(traffic);
      else if (kind === TRAFFIC_PUBREL) this.#release(traffic);
      else throw new Error(`cannot read what the broker sends: there is no operation ${kind}`);
    }
    this.#gathered.send();
    this.#body = NOTHING;
  }

  #readBody(traffic: TrafficReader): void {
    const topic = traffic.bytes(traffic.u16());
    const properties = traffic.bytes(traffic.u16());
    this.#body = new OutgoingPublish(topic, properties, traffic.bytes(traffic.u32()));
  }

  #deliver(traffic: TrafficReader): void {
    const flags = traffic.u8();
    const connection = traffic.u32();
    const number = traffic.f64();
    const packetId = traffic.u16();
    const identifiers = identifiersIn(traffic);
    const session = this.#sessions.find(connection, number);
    if (!session) return; // The connection ended meanwhile: the broker learns it, and keeps what it has to keep.
    const { kernel, link } = this.#parts;
    const body = this.#body;
    const alias = session.aliases?.of(body.topic);
    const packet = body.packet(kernel.levelOf(connection), flags & 0x0f, packetId, identifiers, alias);
    const qos = flags & QOS_MASK;
    if (packet.length > session.limits.bytesMax) {
      // It is as if the client had taken it [MQTT-3.1.2-25].
      if (qos !== 0) link.answer(number, qos === QOS_2 ? PUBREC : PUBACK, qos === QOS_2 ? UNSPECIFIED : 0, packetId);
      this.#drop();
    } else if (qos === 0 && this.#gathered.unread(connection) > UNREAD_BYTES_MAX) this.#drop();
    else {
      session.aliases?.sent(body.topic, alias);
      this.#gathered.add(connection, packet);
    }
  }

  #release(traffic: TrafficReader): void {
    const connection = traffic.u32();
    const session = this.#sessions.find(connection, traffic.f64());
    const packetId = traffic.u16();
    if (session) this.#gathered.add(connection, pubrel(packetId));
  }

  #drop(): void {
    const { counters } = this.#parts.memory;
    counters[COUNTER_GATEWAY_UNDELIVERED] = (counters[COUNTER_GATEWAY_UNDELIVERED] as bigint) + 1n;
  }
}

function identifiersIn(traffic: TrafficReader): readonly number[] {
  const count = traffic.u8();
  return count === 0 ? NO_IDENTIFIERS : Array.from({ length: count }, () => traffic.u32());
}
