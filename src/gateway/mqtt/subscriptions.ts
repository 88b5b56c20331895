import type { ISubscribePacket, ISubscription, IUnsubscribePacket } from 'mqtt-packet';
import type { Principal } from '../../contract/acl/acl.js';
import type { BrokerToGateway, Subscription } from '../../contract/threads/broker.js';
import type { GatewayParts } from '../parts.js';
import { grantOf } from './grant.js';
import { suback, unsuback } from './packets.js';
import type { Session } from './session-entry.js';

const NOT_AUTHORIZED = 0x87;
const QUOTA_EXCEEDED = 0x97;
const FAILURE_311 = 0x80;
const VERSION_5 = 5;

const REASONS = new Map([
  [NOT_AUTHORIZED, 'a device may subscribe to its own commands and to what the rules of its tenant allow'],
  [QUOTA_EXCEEDED, 'the client has as many subscriptions as it may have; unsubscribe from others first'],
]);

/** A SUBSCRIBE that the broker answers. A code that is undefined is the broker's to say. */
interface Asked {
  readonly connection: number;
  readonly codes: readonly (number | undefined)[];
}

/** SUBSCRIBE and UNSUBSCRIBE: what may be, is decided here; what is, the broker knows. */
export class Subscriptions {
  readonly #parts: GatewayParts;
  readonly #principalOf: (session: Session) => Principal;
  readonly #tooLarge: (connection: number) => void;
  /** By session: the one packet that it waits for. */
  readonly #asked = new Map<number, Asked>();

  /** `tooLarge`: an answer is larger than the client takes. */
  constructor(parts: GatewayParts, principalOf: (session: Session) => Principal, tooLarge: (connection: number) => void) {
    this.#parts = parts;
    this.#tooLarge = tooLarge;
    this.#principalOf = principalOf;
  }

  subscribe(connection: number, session: Session, { messageId = 0, subscriptions, properties }: ISubscribePacket): void {
    const { directory, link } = this.#parts;
    const who = this.#principalOf(session);
    const grants = subscriptions.map(({ topic }) => grantOf(directory.acl, who, topic));
    const identifier = properties?.subscriptionIdentifier;
    const wanted = subscriptions.filter((_, index) => grants[index] === 'routed').map((one) => subscription(one, identifier));
    const codes = grants.map((grant, index) =>
      grant === 'refused' ? NOT_AUTHORIZED : grant === 'empty' ? subscriptions[index]?.qos : undefined,
    );
    if (wanted.length === 0) {
      this.#suback(connection, session, messageId, codes as number[]);
      return;
    }
    this.#asked.set(session.number, { connection, codes });
    link.post({ kind: 'subscribe', session: session.number, packetId: messageId, subscriptions: wanted });
  }

  unsubscribe(connection: number, session: Session, { messageId = 0, unsubscriptions }: IUnsubscribePacket): void {
    this.#asked.set(session.number, { connection, codes: unsubscriptions.map(() => undefined) });
    this.#parts.link.post({ kind: 'unsubscribe', session: session.number, packetId: messageId, filters: unsubscriptions });
  }

  /** The broker's answer; `find` knows the sessions. */
  answered(
    { kind, session: number, packetId, codes }: Extract<BrokerToGateway, { kind: 'subscribed' | 'unsubscribed' }>,
    find: (connection: number) => Session | undefined,
  ): void {
    const asked = this.#asked.get(number);
    const session = asked && find(asked.connection);
    if (!asked || session?.number !== number) return; // The connection ended meanwhile.
    this.#asked.delete(number);
    let next = 0;
    const all = asked.codes.map((code) => code ?? (codes[next++] as number));
    if (kind === 'subscribed') this.#suback(asked.connection, session, packetId, all);
    else {
      const packet = unsuback(packetId, all, this.#parts.kernel.levelOf(asked.connection), session.limits);
      this.#answer(asked.connection, packet);
    }
  }

  /** The session's connection is gone. */
  closed(session: number): void {
    this.#asked.delete(session);
  }

  #suback(connection: number, { limits }: Session, packetId: number, codes: readonly number[]): void {
    const level = this.#parts.kernel.levelOf(connection);
    const said = level === VERSION_5 ? codes : codes.map((code) => (code > 2 ? FAILURE_311 : code));
    const refusal = codes.find((code) => code > 2);
    this.#answer(connection, suback(packetId, [...said], level, refusal === undefined ? undefined : REASONS.get(refusal), limits));
  }

  /** The packets that wait behind it are read in the next turn. */
  #answer(connection: number, packet: Uint8Array | undefined): void {
    const { kernel, reactor } = this.#parts;
    if (!packet) {
      // A client that waits for an answer would wait for ever.
      this.#tooLarge(connection);
      return;
    }
    reactor.sendBytes(connection, packet);
    kernel.answered(connection);
    reactor.wake();
  }
}

function subscription({ topic, qos, nl, rap, rh = 0 }: ISubscription, identifier: number | undefined): Subscription {
  return {
    filter: topic,
    qos,
    noLocal: nl === true,
    retainAsPublished: rap === true,
    retainHandling: rh as 0 | 1 | 2,
    identifier,
  };
}
