import { CODE_NONE, CODE_SHUTTING_DOWN } from '../../assembly/abi/codes.js';
import { COUNTER_GATEWAY_PAUSED, COUNTER_GATEWAY_PAUSES } from '../../assembly/abi/counters.js';
import {
  BLOCK_SLOTS,
  CALL_ANSWERED,
  CALL_CLOSED,
  CALL_COAP_REQUEST,
  CALL_COAP_SEPARATE,
  CALL_COAP_TOKEN,
  CALL_ENDED,
  CALL_MESSAGE,
  CALL_OVER_RATE,
  CALL_PACED,
  CALL_PACKET,
  CALL_REFUSED,
  CALL_RELEASED,
  CALL_ROUTE,
  CALL_SETTLED,
  CALL_TAPPED,
  CALLS_BYTES,
  CALLS_OFFSET,
} from '../../assembly/abi/gateway.js';
import { BLOCK_AGE_US_MAX } from '../../assembly/abi/limits.js';
import { namePattern } from '../contract/identity/certificate-names.js';
import type { BrokerToGateway } from '../contract/threads/broker.js';
import type { FromGateway, GatewayPorts, GatewayStart, ToGateway } from '../contract/threads/gateway.js';
import { type PackedMessages, unpackMessages } from '../contract/threads/packed-messages.js';
import type { TlsMaterial } from '../contract/tls-material.js';
import { BlockRing } from '../host/block-ring.js';
import { Doorbell, gatewayDoorbell, LOG_DOORBELL } from '../host/doorbell.js';
import { KernelMemory, loadKernel } from '../host/kernel.js';
import { chooseReactor, openReactor } from '../reactor/open-reactor.js';
import type { Reactor } from '../reactor/reactor.js';
import { audit } from './audit.js';
import { Deliveries } from './broker/deliveries.js';
import { BrokerLink } from './broker/link.js';
import { Taps } from './broker/taps.js';
import { Clock } from './clock.js';
import { Associations } from './coap/associations.js';
import { COAP_TOKENS, Coap } from './coap/coap.js';
import { Directory } from './directory.js';
import { Handoff } from './handoff.js';
import { EXEMPT, Ingest } from './http/ingest.js';
import type { GatewayKernel } from './kernel.js';
import { listenAll } from './listeners.js';
import { type MeaningOf, Sessions } from './mqtt/session.js';
import { type NoteOverRate, Pacing } from './pacing.js';
import type { GatewayParts } from './parts.js';
import { Routes } from './rules/routes.js';
import { Shares } from './shares.js';

const SWEEP_MS = 1000;
/** Token of a message for whose acknowledgement nobody waits. */
const OF_NOBODY = 0;
const BLOCK_AGE_MS_MAX = BLOCK_AGE_US_MAX / 1000;
/** Reading resumes when this many slots are free, so that it does not stop again at once. */
const SLOTS_TO_RESUME = BLOCK_SLOTS / 8;

/** One gateway: sockets on one side, the log on the other, the kernel between them. */
export class TurnLoop {
  readonly #start: GatewayStart;
  readonly #post: (message: FromGateway) => void;
  readonly #kernel: GatewayKernel;
  readonly #memory: KernelMemory;
  readonly #calls: Uint32Array;
  readonly #clock = new Clock();
  readonly #reactor: Reactor;
  readonly #directory: Directory;
  readonly #link: BrokerLink;
  readonly #taps = new Taps();
  readonly #deliveries: Deliveries;
  readonly #sessions: Sessions;
  readonly #routes: Routes;
  readonly #ingest: Ingest;
  readonly #coap: Coap;
  readonly #associations: Associations;
  readonly #handoff: Handoff;
  readonly #pacing: Pacing;
  readonly #shares: Shares;
  #sweepTimer: NodeJS.Timeout | undefined;
  #ageTimer: NodeJS.Timeout | undefined;
  #isStarved = false;
  #audited = '';
  /** Why the log takes nothing in, or 0. */
  #logCode: number = CODE_NONE;
  #drained: (() => void) | undefined;
  #isStopping = false;

  constructor(start: GatewayStart, post: (message: FromGateway) => void) {
    this.#start = start;
    this.#post = post;
    this.#kernel = loadKernel<GatewayKernel>('gateway', start.memory);
    this.#kernel.initSlots(start.partitions);
    this.#memory = new KernelMemory(start.memory);
    this.#calls = new Uint32Array(start.memory.buffer, CALLS_OFFSET, CALLS_BYTES / 4);
    this.#reactor = openReactor(start.reactor, {
      memory: this.#memory,
      turn: (eventCount) => this.#turn(eventCount),
      refused: (code) => this.#count(code),
    });
    this.#reactor.limit(start.connections.max, start.connections.unauthenticatedMax);
    this.#directory = new Directory(this.#kernel, this.#memory, start.partitions, start.limits);
    this.#directory.certificateNames = (start.tls?.clientNames ?? []).flatMap((pattern) => namePattern(pattern) ?? []);
    this.#directory.isPartial = start.isRegistryPartial;
    this.#link = new BrokerLink(start.broker, this.#kernel);
    const { kernel, memory, directory, reactor } = {
      kernel: this.#kernel,
      memory: this.#memory,
      directory: this.#directory,
      reactor: this.#reactor,
    };
    this.#shares = new Shares(reactor, start.partitions, post);
    const parts: GatewayParts = { kernel, memory, directory, reactor, link: this.#link, taps: this.#taps, shares: this.#shares, post };
    const meaningOf: MeaningOf = (session, topic) => this.#routes.meaningOf(session, topic);
    this.#sessions = new Sessions(parts, start.sessions, meaningOf, start.keepAliveSecondsMax);
    this.#routes = new Routes(parts, this.#sessions, start.keepsNotTaken);
    this.#deliveries = new Deliveries(parts, this.#sessions);
    this.#pacing = new Pacing({
      again: (connection) => reactor.again(connection),
      refuse: (connection, code) => this.#sessions.refuse(connection, code),
      entryOf: (connection) => this.#sessions.find(connection)?.entry,
      nameOf: (entry) => directory.nameOf(entry),
      numberOf: (entry) => directory.numberOf(entry),
      post,
      excessMs: start.limits.excessMs,
    });
    const overRate: NoteOverRate = (entry, code, delayMs) => this.#pacing.noted(entry, code, delayMs, performance.now());
    this.#ingest = new Ingest(kernel, memory, directory, post, overRate);
    this.#coap = new Coap(kernel, memory, directory, reactor, overRate);
    this.#associations = new Associations(directory, memory, reactor, post);
    const logDoorbell = new Doorbell(start.shared.doorbells, LOG_DOORBELL);
    this.#handoff = new Handoff(this.#kernel, this.#memory, new BlockRing(start.ring), logDoorbell);
  }

  run(): void {
    const { name, reason } = chooseReactor(this.#start.reactor);
    const fields = { reactor: name, connectionsMax: this.#start.connections.max, ...(reason === undefined ? {} : { reason }) };
    this.#post({ kind: 'event', level: 'info', name: 'reactor-started', fields });
    this.#sweepTimer = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#link.receive((message) => this.#fromBroker(message));
    // The log rings when blocks became durable.
    this.#reactor.answer(new Doorbell(this.#start.shared.doorbells, gatewayDoorbell(this.#start.index)));
  }

  receive(message: ToGateway): void {
    if (message.kind === 'devices') this.#putDevices(message);
    else if (message.kind === 'devices-deleted') this.#deleteDevices(message);
    else if (message.kind === 'identity') this.#setIdentity(message);
    else if (message.kind === 'identity-answered') this.#identityAnswered(message.token);
    else if (message.kind === 'tls') this.#renewTls(message.material);
    else if (message.kind === 'schemas') this.#setSchemas(message);
    else if (message.kind === 'listen') void this.#listen(message.ports);
    else if (message.kind === 'log') this.#logChanged(message.code);
    else if (message.kind === 'registry-whole') this.#directory.isPartial = false;
    else if (message.kind === 'ingest') this.#takeIngest(message);
    else if (message.kind === 'watch-door') this.#sessions.door.isWanted = message.on;
    else if (message.kind === 'topic-rules') this.#routes.setRules(message.tenant, message.rules, message.off);
  }

  /** Takes nothing more in, and resolves when the log has everything and all clients know that this end is going. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#reactor.unlisten();
    this.#reactor.pause('nobody');
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
      this.#reactor.wake();
    });
    this.#sessions.endAll(CODE_SHUTTING_DOWN);
    await this.#reactor.stop();
    clearInterval(this.#sweepTimer);
    clearTimeout(this.#ageTimer);
    this.#pacing.stop();
    this.#link.flush();
    this.#link.close();
  }

  #putDevices({ token, entries }: Extract<ToGateway, { kind: 'devices' }>): void {
    for (const device of entries) {
      if (this.#sessions.putDevice(device)) {
        this.#associations.judgeAgain(device.number);
        this.#routes.registered(device);
        continue;
      }
      const fields = { device: device.number, tenant: device.tenant, id: device.id };
      this.#post({ kind: 'event', level: 'error', name: 'device-not-registered', fields });
    }
    this.#post({ kind: 'devices-known', token });
  }

  #deleteDevices({ token, numbers }: Extract<ToGateway, { kind: 'devices-deleted' }>): void {
    for (const number of numbers) {
      this.#associations.forget(number);
      this.#sessions.deleteDevice(number);
    }
    this.#routes.deleted();
    this.#post({ kind: 'devices-known', token });
  }

  #setSchemas({ token, resolution }: Extract<ToGateway, { kind: 'schemas' }>): void {
    this.#directory.setSchemas(resolution);
    this.#post({ kind: 'devices-known', token });
  }

  #renewTls(material: TlsMaterial): void {
    try {
      this.#reactor.renewTls(material);
    } catch (error) {
      const fields = { cause: (error as Error).message };
      this.#post({ kind: 'event', level: 'error', name: 'gateway-tls-files-not-used', fields });
    }
  }

  #setIdentity({ token, news }: Extract<ToGateway, { kind: 'identity' }>): void {
    for (const one of news) {
      this.#sessions.setIdentity(one);
      if (one.subject === 'credentials') this.#associations.judgeAgain(one.device);
      if (one.subject === 'authorities') this.#associations.judgeCertified();
    }
    this.#routes.rightsChanged();
    this.#post({ kind: 'devices-known', token });
  }

  #identityAnswered(token: number): void {
    this.#tick();
    if (token < 0) this.#associations.answered(token);
    else this.#sessions.answered(token);
    this.#reactor.wake();
  }

  async #listen(wanted: GatewayPorts): Promise<void> {
    try {
      this.#post({ kind: 'listening', ports: await listenAll(this.#reactor, this.#start, wanted, this.#associations) });
    } catch (error) {
      this.#post({ kind: 'listen-failed', message: (error as Error).message });
    }
  }

  #fromBroker(message: BrokerToGateway): void {
    this.#tick();
    if (message.kind === 'traffic') this.#deliveries.take(message.bytes);
    else if (message.kind === 'settled') this.#link.settled(message.number, () => this.#flush());
    else if (message.kind === 'taps') {
      this.#taps.change(message.tenant, message.added, message.removed);
      this.#sessions.tapsChanged(message.tenant);
    } else if (message.kind === 'will') this.#takeWill(message);
    else this.#sessions.fromBroker(message);
    this.#reactor.wake();
  }

  #takeWill(will: Extract<BrokerToGateway, { kind: 'will' }>): void {
    const common = { token: OF_NOBODY, body: EXEMPT, flags: will.qos } as const;
    for (const message of this.#routes.ofWill(will)) this.#ingest.take({ ...common, ...message });
  }

  #takeIngest(packed: PackedMessages): void {
    this.#tick();
    for (const message of unpackMessages(packed)) {
      if (this.#isStopping) this.#ingest.refuse(message.token, CODE_SHUTTING_DOWN);
      else this.#ingest.take(message);
    }
    this.#reactor.wake();
  }

  #logChanged(code: number): void {
    this.#logCode = code;
    this.#ingest.logChanged(code);
    this.#kernel.coapClosed(code);
    this.#setDoor();
  }

  /** A gateway with room takes messages in although the log does not; one without lets nobody in who would only wait. */
  #setDoor(): void {
    this.#sessions.closeDoor(this.#isStarved ? this.#logCode : CODE_NONE);
  }

  #tick(): number {
    const nowMs = this.#clock.monotonicMs();
    this.#kernel.setClock(this.#clock.wallUs(nowMs), nowMs);
    return nowMs;
  }

  #turn(eventCount: number): void {
    const nowMs = this.#tick();
    this.#handoff.release(() => this.#flush());
    this.#link.durable();
    this.#ingest.retry();
    for (let at = 0; at < eventCount; this.#flush()) at = this.#kernel.turn(at, eventCount);
    this.#limitReading(eventCount);
    if (this.#isStopping) this.#kernel.sealAll();
    else this.#kernel.sealDue(this.#handoff.isIdle ? 1 : 0);
    this.#link.flush();
    this.#handoff.push();
    this.#shares.pressure(this.#kernel.freeSlots());
    this.#ingest.announce();
    this.#armAgeTimer(nowMs);
    if (this.#isStopping && this.#handoff.isSettled && this.#link.isSettled && !this.#ingest.isWaiting) this.#drained?.();
  }

  /** Back-pressure: without a free block slot nothing is read, and so nothing has to be dropped. */
  #limitReading(eventCount: number): void {
    if (this.#isStopping) return;
    if (eventCount > 0 && this.#kernel.starved() !== 0) {
      if (!this.#isStarved) this.#count(COUNTER_GATEWAY_PAUSES);
      this.#setStarved(true);
      // Who comes now is to hear whether there is a place.
      this.#reactor.pause('newcomers');
    } else if (this.#isStarved && this.#kernel.freeSlots() >= SLOTS_TO_RESUME) {
      this.#setStarved(false);
      this.#kernel.resumed();
      this.#reactor.resume();
    }
  }

  #setStarved(isStarved: boolean): void {
    this.#isStarved = isStarved;
    this.#memory.counters[COUNTER_GATEWAY_PAUSED] = isStarved ? 1n : 0n;
    this.#setDoor();
  }

  /** Sends what the kernel wants sent, then answers its calls. */
  #flush(): void {
    const sends = this.#kernel.sendCount();
    if (sends > 0) this.#reactor.sendTable(sends);
    const calls = this.#calls;
    const end = this.#kernel.callCount() * 5;
    this.#kernel.taken();
    for (let i = 0; i < end; i += 5) {
      const connection = calls[i] as number;
      const kind = calls[i + 1] as number;
      const code = calls[i + 2] as number;
      const offset = calls[i + 3] as number;
      const length = calls[i + 4] as number;
      if (kind === CALL_PACKET) this.#sessions.packet(connection, offset, length);
      else if (kind === CALL_REFUSED) this.#sessions.refused(connection, code);
      else if (kind === CALL_CLOSED) this.#closed(connection);
      else if (kind === CALL_ENDED) this.#sessions.peerEnded(connection);
      else if (kind === CALL_SETTLED) this.#sessions.settled(connection);
      else if (kind === CALL_ROUTE) this.#routes.route(connection, offset, length);
      else if (kind === CALL_ANSWERED) this.#answered(connection, code, offset, length);
      else if (kind === CALL_TAPPED) this.#routes.tapped(connection, code, offset, length);
      else if (kind === CALL_RELEASED) this.#released(connection, offset);
      else if (kind === CALL_MESSAGE) this.#routes.message(connection, offset, length);
      else if (kind === CALL_PACED) this.#pacing.paused(connection, code, offset, performance.now());
      else if (kind === CALL_OVER_RATE) this.#pacing.noted(offset, code, length, performance.now());
      else if (kind === CALL_COAP_TOKEN) this.#coap.judge(code, offset, length);
      else if (kind === CALL_COAP_REQUEST) this.#coap.datagram(connection, code, offset, length);
      else if (kind === CALL_COAP_SEPARATE) this.#coap.separate(connection, offset);
      else if (offset >= COAP_TOKENS) this.#coap.durable(offset);
      else this.#ingest.durable(offset);
    }
  }

  #closed(connection: number): void {
    this.#pacing.closed(connection);
    this.#sessions.closed(connection);
  }

  #answered(connection: number, type: number, packetId: number, reason: number): void {
    const session = this.#sessions.find(connection);
    if (session) this.#link.answer(session.number, type, reason, packetId);
  }

  #released(connection: number, packetId: number): void {
    const session = this.#sessions.find(connection);
    if (session) this.#link.released(session.number, packetId);
  }

  /** While nothing is read, no device can show that it lives. */
  #sweep(): void {
    this.#audit();
    this.#sessions.endExpired(Date.now());
    this.#associations.endExpired(Date.now());
    this.#tick();
    while (this.#kernel.nudge() === 0) this.#flush();
    this.#flush();
    this.#coap.sweep();
    this.#pacing.sweep(performance.now());
    this.#shares.sweep(performance.now());
    if (this.#isStarved || this.#isStopping) return;
    this.#tick();
    for (let at = 0; at >= 0; this.#flush()) at = this.#kernel.sweep(at);
  }

  /** Between two turns nothing is half counted. */
  #audit(): void {
    const taken = audit(this.#start.index, this.#kernel, this.#memory, this.#handoff);
    const seen = JSON.stringify(taken);
    if (seen === this.#audited) return;
    this.#audited = seen;
    this.#post({ kind: 'audited', audit: taken });
  }

  /** A block that stays open needs a turn at the end of its age; a gateway with none open sleeps. */
  #armAgeTimer(nowMs: number): void {
    if (this.#ageTimer) return;
    const openedMs = this.#kernel.openedMs();
    if (openedMs < 0) return;
    this.#ageTimer = setTimeout(
      () => {
        this.#ageTimer = undefined;
        this.#reactor.wake();
      },
      Math.max(1, Math.ceil(openedMs + BLOCK_AGE_MS_MAX - nowMs)),
    );
  }

  #count(code: number): void {
    this.#memory.counters[code] = (this.#memory.counters[code] as bigint) + 1n;
  }
}
