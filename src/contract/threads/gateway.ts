import type { MessagePort } from 'node:worker_threads';
import type { DeviceEntry } from '../devices.js';
import type { IdentityNews } from '../identity/news.js';
import type { GatewayAudit } from '../ledger.js';
import type { IntakeLimits } from '../limits/intake-limits.js';
import type { OverRate } from '../limits/over-rate.js';
import type { SchemaResolution } from '../schemas/schema-port.js';
import type { TlsMaterial } from '../tls-material.js';
import type { TopicRule } from '../topic-rules/topic-rule.js';
import type { PackedMessages } from './packed-messages.js';
import type { SharedState, StopThread, ThreadEvent, ThreadReady } from './shared.js';

export interface GatewayStart {
  readonly index: number;
  readonly memory: WebAssembly.Memory;
  /** Block ring to the log thread. */
  readonly ring: SharedArrayBuffer;
  /** From which all gateways number their sessions (src/host). */
  readonly sessions: SharedArrayBuffer;
  readonly shared: SharedState;
  /** To the broker thread. */
  readonly broker: MessagePort;
  readonly partitions: number;
  readonly bind: string;
  /** Of the ports with TLS. */
  readonly tls?: TlsMaterial | undefined;
  /** Addresses, and ranges of them, of proxies. */
  readonly proxies: readonly string[];
  readonly reactor: ReactorChoice;
  readonly connections: ConnectionLimit;
  readonly limits: IntakeLimits;
  /** Whether a 3.1.1 client keeps its connection when it publishes what it may not. */
  readonly keepsNotTaken: boolean;
  /** Longest keep-alive of an MQTT 5 client; 0: any. */
  readonly keepAliveSecondsMax: number;
  /** Whether there may be devices and tokens that it is not told of, until `registry-whole`. */
  readonly isRegistryPartial: boolean;
}
/** How many connections a gateway may have, and how many of one address that have not authenticated. */
export interface ConnectionLimit {
  readonly max: number;
  readonly unauthenticatedMax: number;
}
/** Where devices connect: a port by transport, 0 for any free one. What is absent is not there. */
export interface GatewayPorts {
  readonly mqtt: number;
  readonly mqtts?: number;
  readonly ws?: number;
  readonly wss?: number;
  /** Of UDP. */
  readonly coap?: number;
  /** The same, with DTLS. */
  readonly coaps?: number;
  /** On the loopback interface: WebSockets that the HTTP port passes on. */
  readonly bridge?: number;
}
/** `auto`: the native one where its addon loads. */
export type ReactorChoice = 'auto' | 'native' | 'portable';
/** What a gateway has to know before it can judge a client. */
export type IdentityQuestion =
  /** Whether the issuer has keys that it had not when it was asked last. */
  | { readonly kind: 'issuer-keys'; readonly issuer: number }
  /** Whether a device may be registered that an authority of its tenant has certified. */
  | { readonly kind: 'registration'; readonly authority: number; readonly tenant: string; readonly device: string };
export type QuestionOf<Kind extends IdentityQuestion['kind']> = Extract<IdentityQuestion, { kind: Kind }>;
export type ToGateway =
  /** Adds or replaces devices. A device that is no longer active is disconnected. */
  | { readonly kind: 'devices'; readonly token: number; readonly entries: readonly DeviceEntry[] }
  /** Forgets devices by number: they are disconnected, and their names are free. Answered by `devices-known`. */
  | { readonly kind: 'devices-deleted'; readonly token: number; readonly numbers: readonly number[] }
  /** Messages of these devices are read by these schema versions from now on. Answered by `devices-known`. */
  | { readonly kind: 'schemas'; readonly token: number; readonly resolution: SchemaResolution }
  /** From now on a device that was not published is unknown. */
  | { readonly kind: 'registry-whole' }
  | { readonly kind: 'listen'; readonly ports: GatewayPorts }
  /** Why the log takes nothing in, a code of the table; 0: it does. Meanwhile a gateway without room lets nobody in. */
  | { readonly kind: 'log'; readonly code: number }
  /** Whether clients that are turned away are to be reported. */
  | { readonly kind: 'watch-door'; readonly on: boolean }
  /** Replaces the topic rules of a tenant, which come before the built-in ones. */
  /** `off`: built-in packs that the tenant does without. */
  | { readonly kind: 'topic-rules'; readonly tenant: string; readonly rules: readonly TopicRule[]; readonly off: readonly string[] }
  /** Replaces what was known of who may connect and use which topics. Answered by `devices-known`. */
  | { readonly kind: 'identity'; readonly token: number; readonly news: readonly IdentityNews[] }
  /** What can be known is known by now. */
  | { readonly kind: 'identity-answered'; readonly token: number }
  /** Connections over TLS that come from now on are shown this material. */
  | { readonly kind: 'tls'; readonly material: TlsMaterial }
  /** Messages that came over HTTP; each is answered by `ingested` or `ingest-refused` with its token. */
  | PackedMessages
  | StopThread;
export type FromGateway =
  | ThreadReady
  | ThreadEvent
  /** Devices published under this token may connect from now on; those deleted under it no longer may; schemas under it are in force. */
  | { readonly kind: 'devices-known'; readonly token: number }
  | { readonly kind: 'listening'; readonly ports: GatewayPorts }
  | { readonly kind: 'listen-failed'; readonly message: string }
  /** The blocks that hold these messages are durable. */
  | { readonly kind: 'ingested'; readonly tokens: readonly number[] }
  /** `over`: where the reason is a rate. */
  | { readonly kind: 'ingest-refused'; readonly token: number; readonly code: number; readonly over?: OverRate }
  /** Sessions are numbered over all gateways, in the order in which they began. */
  | { readonly kind: 'connected'; readonly device: number; readonly session: number; readonly atMs: number }
  | { readonly kind: 'disconnected'; readonly device: number; readonly session: number; readonly atMs: number; readonly code: number }
  /** A client that showed no right to connect, and what it said that it is; a few a second. `code`: a code of the table. */
  | { readonly kind: 'turned-away'; readonly tenant: string; readonly id: string; readonly code: number; readonly atMs: number }
  /** Answered by `identity-answered`, after news of what was found. */
  | { readonly kind: 'identity-asked'; readonly token: number; readonly question: IdentityQuestion }
  /** The gateway device of this number, which may register others, named one that is not registered. */
  | { readonly kind: 'subdevice-named'; readonly gateway: number; readonly id: string }
  /** Devices that had messages over a rate since the last time; once a second at most. */
  | { readonly kind: 'over-rate'; readonly devices: readonly OverRate[] }
  | { readonly kind: 'audited'; readonly audit: GatewayAudit };
