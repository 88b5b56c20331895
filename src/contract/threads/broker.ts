import type { MessagePort } from 'node:worker_threads';
import type { Principal } from '../acl/acl.js';
import type { ExchangeRecord } from '../broker/exchange.js';
import type { BrokerCounts, BrokerLimits, RetainedEntry, SessionSummary, SessionView } from '../broker/session-views.js';
import type { IdentityNews } from '../identity/news.js';
import type { StopThread, ThreadEvent, ThreadReady } from './shared.js';

/**
 * The broker thread has all MQTT sessions of this process: subscriptions, queues, retained messages and wills. Gateways have the
 * connections; each has one port to the broker, and what passes it keeps its order. Messages and acknowledgements travel as
 * `traffic`, packed as src/contract/broker/traffic.ts says.
 */
export interface BrokerStart {
  /** Where sessions outlive the process; undefined: they end with it. */
  readonly folder: string | undefined;
  /** One for each gateway thread, in their order. */
  readonly gateways: readonly MessagePort[];
  readonly limits: BrokerLimits;
  /** Messages are exchanged with other processes of the deployment. */
  readonly isShared: boolean;
}

/** Whose session it is. Two clients with the same name are the same client: the newer takes the session over. */
export interface ClientName {
  /** As rules about topics know it; its class may be another one at its next connection. */
  readonly who: Principal;
  /** `d:` and the device's number, or `s:`, the service client's number, `:` and its client id. */
  readonly key: string;
  /** What people call it: the device's id, or the client id. */
  readonly label: string;
}

export interface Subscription {
  /** With `$share/{group}/` where it is shared. */
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0: retained messages are sent, 1: only if the subscription is new, 2: never. */
  readonly retainHandling: 0 | 1 | 2;
  /** Subscription Identifier of MQTT 5. */
  readonly identifier?: number | undefined;
}

export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly delaySeconds: number;
  /** Properties of MQTT 5 that go with the message, as they stand in a packet, without their length. */
  readonly properties: Uint8Array;
  /** Whether the will is telemetry of the device: it is handed back as `will` to be stored, besides what subscribers get. */
  readonly isTelemetry: boolean;
}

export type GatewayToBroker =
  /** A client was let in. Answered by `attached`, or by `end`. Its older connection, wherever it is, gets nothing more. */
  | {
      readonly kind: 'attach';
      /** Number of the session among all of the process (src/host/session-numbers.ts): newer ones have greater numbers. */
      readonly session: number;
      readonly connection: number;
      readonly client: ClientName;
      readonly level: number;
      readonly cleanStart: boolean;
      /** Seconds that the session outlives its connection; 0xffffffff: for ever, as far as the limits allow. */
      readonly expirySeconds: number;
      /** QoS 1 and 2 messages that the client takes at a time. */
      readonly receiveMax: number;
      readonly will?: Will | undefined;
      readonly atMs: number;
    }
  /** The connected device is of another class now: what its session has is judged again. */
  | { readonly kind: 'principal'; readonly session: number; readonly who: Principal }
  /** The rules that the gateway knows allow all of them. Answered by `subscribed`; retained messages follow it. */
  | { readonly kind: 'subscribe'; readonly session: number; readonly packetId: number; readonly subscriptions: readonly Subscription[] }
  /** Answered by `unsubscribed`. */
  | { readonly kind: 'unsubscribe'; readonly session: number; readonly packetId: number; readonly filters: readonly string[] }
  /** The connection is gone. `isClean`: the client took its leave, and no will is published. */
  | {
      readonly kind: 'detach';
      readonly session: number;
      readonly isClean: boolean;
      /** Set by DISCONNECT of MQTT 5. */
      readonly expirySeconds?: number | undefined;
      readonly atMs: number;
    }
  /** `number` counts up. Once everything in it that must outlive the process does, `settled` follows; 0: nobody waits for that. */
  | { readonly kind: 'traffic'; readonly number: number; readonly bytes: Uint8Array };

export type BrokerToGateway =
  /** `unreleased`: ids of QoS 2 messages that were taken in from the client and not released. */
  | {
      readonly kind: 'attached';
      readonly session: number;
      readonly isPresent: boolean;
      readonly expirySeconds: number;
      readonly unreleased: Uint16Array;
    }
  /** One code of SUBACK for each subscription: its QoS, 0x97 where a limit is reached, or 0x87 where newer rules refuse it. */
  | { readonly kind: 'subscribed'; readonly session: number; readonly packetId: number; readonly codes: readonly number[] }
  /** One code of UNSUBACK for each filter: 0, or 0x11 where there was none. */
  | { readonly kind: 'unsubscribed'; readonly session: number; readonly packetId: number; readonly codes: readonly number[] }
  /** Ends the connection of a session with a code of the table. */
  | { readonly kind: 'end'; readonly session: number; readonly connection: number; readonly code: number }
  | { readonly kind: 'settled'; readonly number: number }
  /** Messages for clients. */
  | { readonly kind: 'traffic'; readonly bytes: Uint8Array }
  /** Telemetry of a device that is gone: the gateway takes it in as if the device had published it. */
  | { readonly kind: 'will'; readonly device: number; readonly topic: string; readonly payload: Uint8Array; readonly qos: number }
  /**
   * Filters to which this tenant's clients have subscribed, by which telemetry has to be handed on: those that nobody had before, and
   * those that nobody has any more. Without `$share/{group}/`, and without those that begin with $.
   */
  | { readonly kind: 'taps'; readonly tenant: string; readonly added: readonly string[]; readonly removed: readonly string[] };

export type ToBroker =
  | StopThread
  | { readonly kind: 'limits'; readonly limits: BrokerLimits }
  /**
   * What is new of rules about topics and of service clients; `isWhole`: all that was known at the start has come. What gateways say waits
   * until then. Answered by `identity-known` with the same token, once nothing that it revokes is handed on any more. Main posts it here
   * before it does so to gateways: a subscription that a gateway grants by older rules is then refused here.
   */
  | { readonly kind: 'identity'; readonly token: number; readonly news: readonly IdentityNews[]; readonly isWhole: boolean }
  /** Records of all processes, in order. Answered by `exchange-read`. */
  | { readonly kind: 'exchange-records'; readonly records: readonly ExchangeRecord[] }
  /** All that were there at the beginning have come. */
  | { readonly kind: 'exchange-current' }
  /** The record of `exchange-send` is with all in-sync replicas. */
  | { readonly kind: 'exchange-sent' }
  /** These devices are gone, and their sessions with them. */
  | { readonly kind: 'devices-deleted'; readonly numbers: readonly number[] }
  /** Answered by `answer` with the same token. */
  | { readonly kind: 'ask'; readonly token: number; readonly question: BrokerQuestion };

export type BrokerQuestion =
  | {
      readonly kind: 'sessions';
      readonly tenant?: string | undefined;
      /** Part of a device's id or of a client id. */
      readonly client?: string | undefined;
      readonly after?: string | undefined;
      readonly limit: number;
    }
  | { readonly kind: 'session'; readonly tenant: string; readonly key: string }
  /** Ends a session, connected or not, with its queue. */
  | { readonly kind: 'drop-session'; readonly tenant: string; readonly key: string }
  | {
      readonly kind: 'retained';
      readonly tenant: string;
      readonly filter: string;
      readonly after?: string | undefined;
      readonly limit: number;
    }
  | { readonly kind: 'drop-retained'; readonly tenant: string; readonly topic: string }
  /** Publishes for the operator or a service. Answered once it is durable for those who must get it. */
  | {
      readonly kind: 'publish';
      readonly tenant: string;
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: 0 | 1 | 2;
      readonly retain: boolean;
      readonly expirySeconds?: number | undefined;
    };

export type BrokerAnswer =
  | { readonly kind: 'sessions'; readonly sessions: readonly SessionSummary[]; readonly next?: string | undefined }
  | { readonly kind: 'session'; readonly session: SessionView | undefined }
  | { readonly kind: 'dropped'; readonly found: boolean }
  | { readonly kind: 'retained'; readonly entries: readonly RetainedEntry[]; readonly next?: string | undefined }
  /** Clients that get it, those included for whom it waits. */
  | { readonly kind: 'published'; readonly clients: number };

export type FromBroker =
  | ThreadReady
  /** Instead of `ready`: it cannot start. The fields are those of StartFailure. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly wayOut: string }
  | ThreadEvent
  | { readonly kind: 'answer'; readonly token: number; readonly answer: BrokerAnswer }
  | { readonly kind: 'identity-known'; readonly token: number }
  /** Records of all processes are wanted from this offset on; once, before `ready`. */
  | { readonly kind: 'exchange-begin'; readonly from: number }
  /** A record for all processes. The next one follows `exchange-sent`. */
  | { readonly kind: 'exchange-send'; readonly bytes: Uint8Array }
  | { readonly kind: 'exchange-read' }
  /** Every second in which they changed. */
  | { readonly kind: 'counts'; readonly counts: BrokerCounts };
