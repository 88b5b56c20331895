import { lookup } from 'node:dns/promises';
import { getSystemErrorName } from 'node:util';
import {
  CODE_ADDRESS_EXHAUSTED,
  CODE_CONNECTIONS_EXHAUSTED,
  CODE_DTLS_HANDSHAKE_FAILED,
  CODE_PEER_NOT_READING,
  CODE_PROXY_HEADER_INVALID,
  CODE_TLS_HANDSHAKE_FAILED,
  CODE_WEBSOCKET_MALFORMED,
  CODE_WEBSOCKET_REFUSED,
} from '../../../assembly/abi/codes.js';
import { authority } from '../../contract/host-address.js';
import type { TlsMaterial } from '../../contract/tls-material.js';
import type { Doorbell } from '../../host/doorbell.js';
import type { KernelMemory } from '../../host/kernel.js';
import type { NativeAddon, NativeBinding, NativeCounts, NativeNews } from '../../host/native-addon.js';
import type { Association, AssociationHost, DtlsOptions, ListenOptions, OnRefused, Reactor, Turn } from '../reactor.js';

/** A busy reactor takes turns this long before it lets the event loop have a round: timers and messages wait meanwhile. */
const BUSY_MS_MAX = 2;

// The word that a turn answers.
const EVENTS_MASK = 0xffff;
const HAS_MORE = 1 << 16;
const HAS_RUNG = 1 << 17;
const HAS_REFUSED = 1 << 18;
const HAS_NEWS = 1 << 19;

// Kinds of news
const NEWS_NAMED = 0;
const NEWS_CERTIFIED = 1;
const NEWS_OPENED = 2;

const EMPTY = new Uint8Array(0);

/** The reactor in native/: this side decides when a turn is taken, that side does all else. */
export class NativeReactor implements Reactor {
  readonly name = 'native';
  readonly #native: NativeBinding;
  readonly #turn: Turn;
  readonly #refused: OnRefused;
  readonly #run = () => this.#takeTurns();
  #counts: NativeCounts = {
    refused: 0,
    strangers: 0,
    outOfFiles: 0,
    overflowed: 0,
    oversize: 0,
    tlsFailed: 0,
    proxyFailed: 0,
    webSocketRefused: 0,
    webSocketFailed: 0,
    dtls: { open: 0, shaking: 0, established: 0, dropped: 0, evicted: 0, moved: 0, failed: [] },
  };
  #host: AssociationHost | undefined;
  #isWoken = false;
  #isRunning = false;
  #isScheduled = false;
  #isStopped = false;
  #stopped: (() => void) | undefined;

  constructor(addon: NativeAddon, memory: KernelMemory, turn: Turn, refused: OnRefused) {
    this.#native = new addon.NativeReactor(memory.bytes);
    this.#turn = turn;
    this.#refused = refused;
    this.#native.watch(this.#run);
  }

  listen(host: string, port: number, options: ListenOptions = {}): Promise<number> {
    return listening(host, port, (address) => this.#native.openListener(address, port, options));
  }

  listenDatagrams(host: string, port: number, isShared = false): Promise<number> {
    return listening(host, port, (address) => this.#native.listenDatagrams(address, port, isShared));
  }

  listenDtls(host: string, port: number, { isShared = false, tls, host: associations }: DtlsOptions): Promise<number> {
    this.#host = associations;
    return listening(host, port, (address) => this.#native.listenDtls(address, port, isShared, tls));
  }

  closeAssociation({ connection, number, generation }: Association): void {
    this.#native.closeAssociation(connection, number, generation);
    this.#touched();
  }

  answerAssociation({ connection, number, generation }: Association, owner: number): void {
    this.#native.answerAssociation(connection, number, generation, [], owner);
    this.#touched();
  }

  answer(doorbell: Doorbell): void {
    this.#native.answer(doorbell.words);
    this.wake(); // The reactor notices rings from its next sleep on.
  }

  send(connection: number, offset: number, length: number): void {
    this.#native.send(connection, offset, length);
    this.#touched();
  }

  sendTable(count: number): void {
    this.#native.sendTable(count);
    this.#touched();
  }

  sendBytes(connection: number, bytes: Uint8Array): void {
    this.#native.sendBytes(connection, bytes);
    this.#touched();
  }

  unread(connection: number): number {
    return this.#native.unread(connection);
  }

  close(connection: number): void {
    this.#native.close(connection);
    this.#touched();
  }

  pause(reads: 'nobody' | 'newcomers'): void {
    this.#native.pause(reads === 'newcomers');
  }

  resume(): void {
    this.#native.resume();
    this.wake();
  }

  again(connection: number): void {
    this.#native.again(connection);
    this.wake();
  }

  share(connection: number, share: number, quantum: number): void {
    this.#native.share(connection, share, quantum);
  }

  hold(isHeld: boolean): void {
    this.#native.hold(isHeld);
    if (!isHeld) this.#touched();
  }

  shareCounts(): number[] {
    return this.#native.shareCounts();
  }

  wake(): void {
    this.#isWoken = true;
    if (!this.#isRunning) this.#schedule();
  }

  limit(connections: number, strangers: number): void {
    this.#native.limit(connections, strangers);
  }

  limitUnread(withinMs: number): void {
    this.#native.limitUnread(withinMs);
  }

  trust(connection: number): void {
    this.#native.trust(connection);
  }

  peerCertificate(connection: number): Uint8Array | undefined {
    return this.#native.peerCertificate(connection) ?? undefined;
  }

  renewTls(material: TlsMaterial): void {
    this.#native.renewTls(material);
  }

  unlisten(): void {
    this.#native.unlisten();
  }

  async stop(): Promise<void> {
    this.unlisten();
    this.#native.closeAll();
    await new Promise<void>((resolve) => {
      this.#stopped = resolve;
      this.wake();
    });
  }

  #touched(): void {
    if (!this.#isRunning) this.wake();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#takeTurns();
    });
  }

  /** Takes turns until there is nothing to do or the time is up. Each turn settles the one before it, sends included. */
  #takeTurns(): void {
    if (this.#isStopped) return;
    const endMs = performance.now() + BUSY_MS_MAX;
    this.#isRunning = true;
    let isBusy = true;
    while (isBusy) {
      const word = this.#native.turn();
      const events = word & EVENTS_MASK;
      if ((word & HAS_REFUSED) !== 0) this.#countRefusals();
      const hasNews = (word & HAS_NEWS) !== 0;
      if (hasNews) this.#tellNews();
      const isTurn = events > 0 || this.#isWoken || (word & HAS_RUNG) !== 0;
      if (isTurn) {
        this.#isWoken = false;
        this.#turn(events);
      }
      isBusy = isTurn || hasNews || (word & HAS_MORE) !== 0;
      if (isBusy && performance.now() >= endMs) break;
    }
    this.#isRunning = false;
    this.#rest(isBusy);
  }

  #rest(isBusy: boolean): void {
    if (isBusy) this.#native.settle();
    if (this.#stopped && this.#native.openCount() === 0) this.#finish(this.#stopped);
    else if (isBusy || !this.#native.sleep()) this.#schedule();
  }

  #countRefusals(): void {
    const counts = this.#native.counts();
    const count = (code: number, now: number, before: number) => {
      for (let more = now - before; more > 0; more--) this.#refused(code);
    };
    count(CODE_CONNECTIONS_EXHAUSTED, counts.refused, this.#counts.refused);
    count(CODE_ADDRESS_EXHAUSTED, counts.strangers, this.#counts.strangers);
    count(CODE_PEER_NOT_READING, counts.overflowed, this.#counts.overflowed);
    count(CODE_TLS_HANDSHAKE_FAILED, counts.tlsFailed, this.#counts.tlsFailed);
    count(CODE_PROXY_HEADER_INVALID, counts.proxyFailed, this.#counts.proxyFailed);
    count(CODE_WEBSOCKET_REFUSED, counts.webSocketRefused, this.#counts.webSocketRefused);
    count(CODE_WEBSOCKET_MALFORMED, counts.webSocketFailed, this.#counts.webSocketFailed);
    for (const [reason, failed] of counts.dtls.failed.entries()) {
      count(CODE_DTLS_HANDSHAKE_FAILED + reason, failed, this.#counts.dtls.failed[reason] ?? 0);
    }
    this.#host?.counted(counts.dtls);
    this.#counts = counts;
  }

  /** An answer may have news of its own. */
  #tellNews(): void {
    for (let all = this.#native.takeNews(); all.length > 0; all = this.#native.takeNews()) for (const news of all) this.#tell(news);
  }

  #tell(news: NativeNews): void {
    const host = this.#host;
    if (!host) return;
    const { connection, number, generation, bytes = EMPTY } = news;
    const answer = (keys: readonly Uint8Array[], owner: number) =>
      this.#native.answerAssociation(connection, number, generation, keys, owner);
    if (news.kind === NEWS_NAMED) {
      const named = host.named(news, bytes);
      answer(named?.keys ?? [], named?.owner ?? 0);
    } else if (news.kind === NEWS_CERTIFIED) {
      const owner = host.certified(news, bytes);
      if (owner !== undefined) answer([], owner);
    } else if (news.kind === NEWS_OPENED) host.opened(news, news.key);
    else host.closed(news);
  }

  #finish(stopped: () => void): void {
    this.#isStopped = true;
    this.#native.dispose();
    stopped();
  }
}

/** The port that `bind` answers; a negative answer is an errno. */
async function listening(host: string, port: number, bind: (address: string) => number): Promise<number> {
  try {
    const got = bind((await lookup(host)).address);
    if (got < 0) throw new Error(`the system answers ${getSystemErrorName(got)}`);
    return got;
  } catch (error) {
    throw new Error(`cannot listen on ${authority(host, port)}: ${(error as Error).message}`);
  }
}
