import type { MessagePort } from 'node:worker_threads';
import { FLAG_AWAITED, FLAG_TRANSPORT_HTTP } from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { BLOCK_SLOTS, GATEWAY_END } from '../../assembly/abi/gateway.js';
import type { TurnedAway } from '../contract/captures.js';
import { refusalCode } from '../contract/codes.js';
import type { HandedMessage } from '../contract/data-plane.js';
import type { DeviceEntry } from '../contract/devices.js';
import type { IdentityNews } from '../contract/identity/news.js';
import type { GatewayAudit } from '../contract/ledger.js';
import type { IntakeLimits } from '../contract/limits/intake-limits.js';
import type { SchemaResolution } from '../contract/schemas/schema-port.js';
import type {
  ConnectionLimit,
  FromGateway,
  GatewayPorts,
  GatewayStart,
  IdentityQuestion,
  QuestionOf,
  ReactorChoice,
  ToGateway,
} from '../contract/threads/gateway.js';
import { type IngestedMessage, packMessages } from '../contract/threads/packed-messages.js';
import type { SharedState, ThreadEvent } from '../contract/threads/shared.js';
import type { TlsMaterial } from '../contract/tls-material.js';
import type { TopicRule } from '../contract/topic-rules/topic-rule.js';
import { BlockRing } from '../host/block-ring.js';
import { Doorbell, gatewayDoorbell } from '../host/doorbell.js';
import { KernelMemory, kernelMemory } from '../host/kernel.js';
import { sessionNumbers } from '../host/session-numbers.js';
import { AcceptedMessages } from './accepted-messages.js';
import { HandedMessages } from './handed-messages.js';
import { OverRates } from './over-rates.js';
import { type Stoppable, stopThread, type ThreadRoster } from './thread-roster.js';
import type { Thread } from './worker.js';

/** A gateway makes objects only while devices connect: a larger young generation would stay with each connection's memory. */
const HEAP = { maxYoungGenerationSizeMb: 3 };

export interface GatewaysOptions {
  readonly count: number;
  readonly entry: URL;
  readonly bind: string;
  readonly partitions: number;
  readonly shared: SharedState;
  readonly tls: TlsMaterial | undefined;
  readonly proxies: readonly string[];
  readonly reactor: ReactorChoice;
  readonly connections: ConnectionLimit;
  readonly limits: IntakeLimits;
  /** Whether a 3.1.1 client keeps its connection when it publishes what it may not. */
  readonly keepsNotTaken: boolean;
  readonly keepAliveSecondsMax: number;
  /** Whether there may be devices and tokens that were not published, until `registryIsWhole`. */
  readonly isRegistryPartial: boolean;
  event(thread: string, event: ThreadEvent): void;
}

/** The blocks of a gateway as the log thread reads them: their memory, and the ring that lists them. */
export interface GatewayBlocks {
  readonly memory: WebAssembly.Memory;
  readonly ring: SharedArrayBuffer;
}

/**
 * The gateway threads of this process as one: all know every device, and each has its own share of the
 * connections. A device has one connection over all of them: its newest, by the order of sessions.
 */
export class Gateways {
  readonly blocks: readonly GatewayBlocks[];
  readonly memories: readonly KernelMemory[];
  readonly counters: readonly BigUint64Array[];
  readonly accepted: AcceptedMessages;
  readonly overRates = new OverRates();
  readonly #audits = new Map<number, GatewayAudit>();
  readonly #options: GatewaysOptions;
  readonly #threads: Thread<ToGateway, FromGateway>[] = [];
  /** In whole seconds of the Unix epoch, which take no memory of their own. */
  readonly #seen = new Map<number, number>();
  /** The newest session of each connected device. */
  readonly #connections = new Map<number, number>();
  readonly #handed = new HandedMessages();
  readonly #publishes = new Map<number, { left: number; resolve: () => void }>();
  readonly #listening: { resolve(ports: GatewayPorts): void; reject(error: Error): void }[] = [];
  #token = 0;
  #turnedAway: (turnedAway: TurnedAway) => void = () => {};
  #subdeviceNamed: (gateway: number, id: string) => void = () => {};
  readonly #identityAsked = new Map<IdentityQuestion['kind'], (question: never) => Promise<void>>();

  constructor(options: GatewaysOptions) {
    this.#options = options;
    this.blocks = Array.from({ length: options.count }, () => ({
      memory: kernelMemory(GATEWAY_END),
      ring: BlockRing.memory(BLOCK_SLOTS),
    }));
    this.memories = this.blocks.map(({ memory }) => new KernelMemory(memory));
    this.accepted = new AcceptedMessages(this.memories);
    this.counters = this.memories.map(({ counters }) => counters);
  }

  /** Resolves when all threads run. `brokers`: for each its port to the broker. */
  async start(roster: ThreadRoster, brokers: readonly MessagePort[]): Promise<void> {
    const {
      entry,
      bind,
      partitions,
      shared,
      tls,
      proxies,
      reactor,
      connections,
      limits,
      keepsNotTaken,
      keepAliveSecondsMax,
      isRegistryPartial,
    } = this.#options;
    const sessions = sessionNumbers();
    for (const [index, { memory, ring }] of this.blocks.entries()) {
      const common = {
        sessions,
        shared,
        partitions,
        bind,
        tls,
        proxies,
        reactor,
        connections,
        limits,
        keepsNotTaken,
        keepAliveSecondsMax,
        isRegistryPartial,
      };
      const broker = brokers[index] as MessagePort;
      const start: GatewayStart = { index, memory, ring, broker, ...common };
      const receive = (message: FromGateway) => this.#receive(index, message);
      this.#threads.push(roster.add(`gateway-${index}`, entry, start, [broker], receive, HEAP));
    }
    await Promise.all(this.#threads.map((thread) => thread.ready));
  }

  /** Lets devices in, on the same ports for all; answers them. The first gateway finds a port that is 0. */
  async listen(wanted: GatewayPorts): Promise<GatewayPorts> {
    let bound = wanted;
    for (const [index, thread] of this.#threads.entries()) {
      bound = await new Promise<GatewayPorts>((resolve, reject) => {
        this.#listening[index] = { resolve, reject };
        thread.post({ kind: 'listen', ports: bound });
      });
    }
    return bound;
  }

  /** Resolves when every gateway knows the devices. */
  publishDevices(entries: readonly DeviceEntry[]): Promise<void> {
    return this.#publish((token) => ({ kind: 'devices', token, entries }));
  }

  /** Resolves when no gateway knows the devices any more. */
  deleteDevices(numbers: readonly number[]): Promise<void> {
    return this.#publish((token) => ({ kind: 'devices-deleted', token, numbers }));
  }

  /** Resolves when every gateway stamps messages of these devices with these schema versions. */
  publishSchemas(resolution: SchemaResolution): Promise<void> {
    return this.#publish((token) => ({ kind: 'schemas', token, resolution }));
  }

  /** Resolves when every gateway acts on it. */
  publishIdentity(news: readonly IdentityNews[]): Promise<void> {
    return this.#publish((token) => ({ kind: 'identity', token, news }));
  }

  /** Connections over TLS that come from now on are shown this material; it holds together. */
  renewTls(material: TlsMaterial): void {
    for (const thread of this.#threads) thread.post({ kind: 'tls', material });
  }

  /** From now on a device that was not published is unknown. */
  registryIsWhole(): void {
    for (const thread of this.#threads) thread.post({ kind: 'registry-whole' });
  }

  #publish(message: (token: number) => ToGateway): Promise<void> {
    const token = ++this.#token;
    return new Promise((resolve) => {
      this.#publishes.set(token, { left: this.#threads.length, resolve });
      for (const thread of this.#threads) thread.post(message(token));
    });
  }

  /**
   * Resolves to a code for each message once it is durable (0) or refused. A device's messages all go through one gateway. `isAwaited`: by
   * place of the message, whether its sender waits for its verdict.
   */
  ingest(messages: readonly HandedMessage[], isAwaited: (index: number) => boolean = () => false): Promise<readonly number[]> {
    const first = this.#token + 1;
    this.#token += messages.length;
    const codes = this.#handed.expect(first, messages.length);
    const nowMs = Date.now();
    const ofThreads = this.#threads.map((): IngestedMessage[] => []);
    for (const [index, { device, payload, format, context, body = 0 }] of messages.entries()) {
      const flags = FLAG_TRANSPORT_HTTP | (isAwaited(index) ? FLAG_AWAITED : 0);
      ofThreads[device % ofThreads.length]?.push({ token: first + index, body, device, flags, format, context, payload });
      this.#see(device, nowMs);
    }
    for (const [index, of] of ofThreads.entries()) {
      if (of.length === 0) continue;
      const packed = packMessages(of);
      this.#threads[index]!.post(packed, [packed.heads.buffer, packed.bytes.buffer]);
    }
    return codes;
  }

  onSubdevice(listener: (gateway: number, id: string) => void): void {
    this.#subdeviceNamed = listener;
  }

  /** The listener resolves when all that it could find out was published; it never rejects. */
  onIdentityAsked<Kind extends IdentityQuestion['kind']>(kind: Kind, listener: (question: QuestionOf<Kind>) => Promise<void>): void {
    this.#identityAsked.set(kind, listener);
  }

  /** Whether the gateways report clients that are turned away. */
  watchDoor(on: boolean): void {
    for (const thread of this.#threads) thread.post({ kind: 'watch-door', on });
  }

  onTurnedAway(listener: (turnedAway: TurnedAway) => void): void {
    this.#turnedAway = listener;
  }

  setTopicRules(tenant: string, rules: readonly TopicRule[], off: readonly string[]): void {
    for (const thread of this.#threads) thread.post({ kind: 'topic-rules', tenant, rules, off });
  }

  /** When a device last connected, disconnected or posted a message, ms. */
  seenMs(device: number): number | undefined {
    const seconds = this.#seen.get(device);
    return seconds === undefined ? undefined : seconds * 1000;
  }

  #see(device: number, atMs: number): void {
    this.#seen.set(device, Math.floor(atMs / 1000));
  }

  isConnected(device: number): boolean {
    return this.#connections.has(device);
  }

  /** The last audit of each gateway that had one. */
  audits(): GatewayAudit[] {
    return [...this.#audits.values()];
  }

  /** Drains and ends all gateways; false when one did not come to its end in time. */
  async stop(deadlineMs: number): Promise<boolean> {
    const { doorbells } = this.#options.shared;
    const ends = this.#threads.map((thread, index) =>
      stopThread(thread as unknown as Stoppable, deadlineMs, new Doorbell(doorbells, gatewayDoorbell(index))),
    );
    return (await Promise.all(ends)).every(Boolean);
  }

  /** The log takes nothing in because of `code`, or (0) it does again. Who waits for it learns that it may take long. */
  logChanged(code: number): void {
    for (const thread of this.#threads) thread.post({ kind: 'log', code });
    if (code !== CODE_NONE) this.refuseWaiting(code);
  }

  /** Messages that wait for the log are answered with a code; they may become durable all the same. */
  refuseWaiting(code: number): void {
    this.#handed.settleAll(code);
  }

  #receive(gateway: number, message: FromGateway): void {
    switch (message.kind) {
      case 'event':
        this.#options.event(`gateway-${gateway}`, message);
        return;
      case 'listening':
        this.#listening[gateway]?.resolve(message.ports);
        return;
      case 'listen-failed':
        this.#listening[gateway]?.reject(new Error(message.message));
        return;
      case 'ingested':
        for (const token of message.tokens) this.#handed.settle(token, CODE_NONE);
        return;
      case 'ingest-refused':
        if (message.over) this.overRates.note([message.over]);
        this.#handed.settle(message.token, message.code);
        return;
      case 'devices-known':
        this.#known(message.token);
        return;
      case 'subdevice-named':
        this.#subdeviceNamed(message.gateway, message.id);
        return;
      case 'identity-asked':
        void this.#answer(gateway, message);
        return;
      case 'over-rate':
        this.overRates.note(message.devices);
        return;
      case 'audited':
        this.#audits.set(gateway, message.audit);
        return;
      case 'connected':
        this.#see(message.device, message.atMs);
        this.#connected(message.device, message.session);
        return;
      case 'turned-away': {
        const { tenant, id, code, atMs } = message;
        this.#turnedAway({ atMs, transport: 'mqtt', claim: { tenant, id }, code: refusalCode(code).name });
        return;
      }
      case 'disconnected':
        this.#see(message.device, message.atMs);
        if (message.code !== CODE_NONE) {
          const { device, code, atMs } = message;
          this.#turnedAway({ atMs, transport: 'mqtt', device, code: refusalCode(code).name });
        }
        if (this.#connections.get(message.device) === message.session) this.#connections.delete(message.device);
    }
  }

  async #answer(gateway: number, { token, question }: Extract<FromGateway, { kind: 'identity-asked' }>): Promise<void> {
    await this.#identityAsked.get(question.kind)?.(question as never);
    this.#threads[gateway]?.post({ kind: 'identity-answered', token });
  }

  #known(token: number): void {
    const publish = this.#publishes.get(token);
    if (!publish || --publish.left > 0) return;
    this.#publishes.delete(token);
    publish.resolve();
  }

  /** News may come out of order: the broker has ended the older session, and its gateway says so later. */
  #connected(device: number, session: number): void {
    this.#connections.set(device, Math.max(session, this.#connections.get(device) ?? 0));
  }
}
