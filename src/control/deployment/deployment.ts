import type { CaptureListener, MessageCaptures, TurnedAway } from '../../contract/captures.js';
import { CountedDevices } from '../../contract/counted-devices.js';
import type { DataPlane, DeviceViews, LatestPoint, LatestPoints, Point } from '../../contract/data-plane.js';
import { partitionOf } from '../../contract/partition.js';
import type { MessageVerdict, VerdictPort } from '../../contract/verdict.js';
import type { DeviceShare, OtherLedgers, PeerAnswers, ProcessBooks } from '../ledger/shares.js';
import { type Rates, sumRates } from '../live/rate-meter.js';
import { Answers, type AnswersOptions } from './answers.js';
import { capturedOf } from './capture-messages.js';
import { CaptureRelay } from './capture-relay.js';
import { LiveRelay } from './live-relay.js';
import {
  booksAnswer,
  CAPTURES_MAX,
  type LatestAnswer,
  latestAnswer,
  latestPointOf,
  type PeerMessage,
  parseMessage,
  pointOf,
  QUESTION_DEVICES_MAX,
  shareAnswer,
  VERDICTS_MAX,
  verdictOf,
  verdictTuple,
} from './messages.js';
import type { NotifyChannel } from './notify-channel.js';
import { Peers } from './peers.js';
import { Questions } from './questions.js';

/** How often a process announces itself and what it watches. */
const HERE_EVERY_MS = 3000;
/** Changes within this time are announced together. */
const HERE_SOON_MS = 50;

export interface DeploymentOptions extends Pick<AnswersOptions, 'partitions' | 'ledger' | 'event'> {
  readonly channel: Pick<NotifyChannel, 'send' | 'follow' | 'close'>;
  /** What operators call this process. */
  readonly name: string;
  readonly plane: Pick<DataPlane, 'latest' | 'watch' | 'onLive' | 'lag' | keyof MessageCaptures | keyof VerdictPort>;
  /** Of this process alone. */
  readonly ownRates: () => Rates;
  readonly answerMsMax?: number;
  readonly nowMs?: () => number;
}

/**
 * This process among those of its deployment: it answers for the partitions that it runs, and asks others about theirs. Which
 * process runs a partition nobody needs to know: it answers, and where none answers, the view says so.
 */
export class Deployment implements DeviceViews, MessageCaptures, OtherLedgers {
  readonly name: string;
  readonly #options: DeploymentOptions;
  readonly #nowMs: () => number;
  readonly #peers: Peers;
  readonly #relay: LiveRelay;
  readonly #questions: Questions;
  readonly #answers: Answers;
  readonly #captureRelay: CaptureRelay;
  readonly #watches = new CountedDevices(() => this.#hereSoon());
  readonly #captures = new CountedDevices(() => this.#hereSoon());
  #doorWatches = 0;
  readonly #captureListeners: CaptureListener[] = [];
  readonly #doorListeners: ((turnedAway: readonly TurnedAway[]) => void)[] = [];
  readonly #listeners: ((points: readonly Point[]) => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: DeploymentOptions) {
    const { plane, name, nowMs = () => performance.now(), answerMsMax } = options;
    this.#options = options;
    this.name = name;
    this.#nowMs = nowMs;
    this.#peers = new Peers(plane);
    this.#relay = new LiveRelay({
      peers: () => this.#peers.known,
      send: (to, points) => this.#send({ kind: 'points', points: [...points] }, to),
    });
    this.#questions = new Questions({ send: (token, question) => this.#send({ kind: 'ask', token, question }), answerMsMax });
    this.#answers = new Answers({ ...options, send: (to, token, answer) => this.#send({ kind: 'answer', token, answer }, to) });
    plane.onLive((points) => this.#relay.take(points));
    plane.onStrayVerdicts((verdicts) => this.#sendVerdicts(verdicts));
    this.#captureRelay = new CaptureRelay({ peers: () => this.#peers.known, send: (to, bunch) => this.#send(bunch, to) });
    plane.onCaptured((messages, skipped) => this.#captureRelay.captured(messages, skipped));
    plane.onTurnedAway((turnedAway) => this.#captureRelay.turnedAway(turnedAway));
  }

  /** Joins the others; rejects when the database is not there. */
  async open(): Promise<void> {
    const received = (from: string, text: string) => {
      const message = parseMessage(text);
      if (message && !this.#isClosed) this.#receive(from, message);
    };
    await this.#options.channel.follow({ received, connected: () => this.#hereSoon() });
    this.#timer = setInterval(() => this.announce(), HERE_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#relay.close();
    this.#captureRelay.close();
    this.#send({ kind: 'bye' });
    this.#isClosed = true;
    await this.#options.channel.close();
  }

  /** Announces this process to its peers; the timer calls it. */
  announce(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#peers.lapse(this.#nowMs());
    this.#send({
      kind: 'here',
      name: this.name,
      watches: this.#watches.all,
      rates: this.#options.ownRates(),
      captures: this.#captures.all.slice(0, CAPTURES_MAX),
      door: this.#doorWatches > 0,
    });
  }

  /** Other processes that are there. */
  get peers(): number {
    return this.#peers.known.size;
  }

  /** Of all of them, as they announced last. */
  get rates(): Rates {
    return sumRates(Array.from(this.#peers.known.values(), ({ rates }) => rates));
  }

  /** Readings that others watch and that were left out. */
  get skipped(): number {
    return this.#relay.skipped;
  }

  get met(): boolean {
    return this.#peers.met;
  }

  watch(device: number, on: boolean): void {
    this.#options.plane.watch(device, on);
    this.#watches.want(device, on);
  }

  capture(device: number, on: boolean): void {
    this.#options.plane.capture(device, on);
    this.#captures.want(device, on);
  }

  onCaptured(listener: CaptureListener): void {
    this.#options.plane.onCaptured(listener);
    this.#captureListeners.push(listener);
  }

  watchDoor(on: boolean): void {
    this.#options.plane.watchDoor(on);
    this.#doorWatches += on ? 1 : -1;
    if (this.#doorWatches === (on ? 1 : 0)) this.#hereSoon();
  }

  noteTurnedAway(turnedAway: TurnedAway): void {
    this.#options.plane.noteTurnedAway(turnedAway);
  }

  onTurnedAway(listener: (turnedAway: readonly TurnedAway[]) => void): void {
    this.#options.plane.onTurnedAway(listener);
    this.#doorListeners.push(listener);
  }

  onLive(listener: (points: readonly Point[]) => void): void {
    this.#options.plane.onLive(listener);
    this.#listeners.push(listener);
  }

  async latest(devices: readonly number[]): Promise<LatestPoints> {
    const here = await this.#options.plane.latest(devices);
    if (here.notRunning.length === 0) return here;
    const missing = new Set(here.notRunning);
    const far = devices.filter((device) => missing.has(this.#partition(device)));
    const pages = Array.from({ length: Math.ceil(far.length / QUESTION_DEVICES_MAX) }, (_, page) =>
      this.#latestOfOthers(far.slice(page * QUESTION_DEVICES_MAX, (page + 1) * QUESTION_DEVICES_MAX)),
    );
    const answers = await Promise.all(pages);
    return {
      points: [here, ...answers].flatMap(({ points }) => points),
      unheld: [here, ...answers].flatMap(({ unheld }) => unheld),
      notRunning: [...new Set(answers.flatMap(({ notRunning }) => notRunning))],
    };
  }

  async shares(device: number, needsAccount: boolean): Promise<PeerAnswers<DeviceShare>> {
    const answers = await this.#questions.ask({ about: 'device', device }, shareAnswer, (found) => {
      return this.#isFromAll(found) && (!needsAccount || [...found.values()].some(({ account }) => account !== undefined));
    });
    return this.#named(answers);
  }

  async books(): Promise<PeerAnswers<ProcessBooks>> {
    return this.#named(await this.#questions.ask({ about: 'books' }, booksAnswer, (found) => this.#isFromAll(found)));
  }

  /** Of each partition the first answer counts, whole: two processes may think that they run it, and only one of them does. */
  async #latestOfOthers(devices: readonly number[]): Promise<LatestPoints> {
    const wanted = new Set(devices.map((device) => this.#partition(device)));
    const covers = (found: ReadonlyMap<string, LatestAnswer>) => {
      const answered = new Set([...found.values()].flatMap(({ partitions }) => partitions));
      return [...wanted].every((partition) => answered.has(partition));
    };
    const answers = await this.#questions.ask({ about: 'latest', devices: [...devices] }, latestAnswer, covers);
    const points: LatestPoint[] = [];
    const unheld: number[] = [];
    for (const answer of answers.values()) {
      const fresh = new Set(answer.partitions.filter((partition) => wanted.delete(partition)));
      const isTheirs = (device: number) => fresh.has(this.#partition(device)) && devices.includes(device);
      points.push(...answer.points.map(latestPointOf).filter(({ device }) => isTheirs(device)));
      unheld.push(...answer.unheld.filter(isTheirs));
    }
    return { points, unheld, notRunning: [...wanted] };
  }

  #receive(from: string, message: PeerMessage): void {
    switch (message.kind) {
      case 'here':
        if (this.#peers.here(from, message, this.#nowMs())) this.#hereSoon();
        return;
      case 'bye':
        this.#peers.gone(from);
        return;
      case 'ask':
        void this.#answers.reply(from, message.token, message.question);
        return;
      case 'answer':
        this.#questions.answered(from, message.token, message.answer);
        return;
      case 'points':
        this.#show(message.points.map(pointOf));
        return;
      case 'verdicts':
        this.#options.plane.deliverVerdicts(message.verdicts.map(verdictOf));
        return;
      case 'captured':
        this.#showCaptured(message);
    }
  }

  /** Which process took a message in its record does not say. Where nobody waits for a verdict, it is of no use to anybody. */
  #sendVerdicts(verdicts: readonly MessageVerdict[]): void {
    if (this.#peers.known.size === 0) return;
    for (let at = 0; at < verdicts.length; at += VERDICTS_MAX) {
      this.#send({ kind: 'verdicts', verdicts: verdicts.slice(at, at + VERDICTS_MAX).map(verdictTuple) });
    }
  }

  /** Readings of partitions that this process runs come from its own threads. */
  #show(points: readonly Point[]): void {
    const lag = this.#options.plane.lag();
    const shown = points.filter(({ device }) => this.#watches.has(device) && !lag[this.#partition(device)]?.isHere);
    if (shown.length > 0) for (const listener of this.#listeners) listener(shown);
  }

  /** Like #show: a peer reports only what this process has asked for. */
  #showCaptured({ messages, skipped, turnedAway }: Extract<PeerMessage, { kind: 'captured' }>): void {
    const lag = this.#options.plane.lag();
    const shown = messages.filter(({ device }) => this.#captures.has(device) && !lag[this.#partition(device)]?.isHere).map(capturedOf);
    if (shown.length > 0) for (const listener of this.#captureListeners) listener(shown, skipped);
    if (this.#doorWatches > 0 && turnedAway.length > 0) for (const listener of this.#doorListeners) listener(turnedAway);
  }

  #partition(device: number): number {
    return partitionOf(device, this.#options.partitions);
  }

  #isFromAll(answers: ReadonlyMap<string, unknown>): boolean {
    return [...this.#peers.known.keys()].every((origin) => answers.has(origin));
  }

  #named<Answer>(answers: ReadonlyMap<string, Answer>): PeerAnswers<Answer> {
    const { known } = this.#peers;
    return {
      answers: Array.from(answers, ([origin, answer]) => [known.get(origin)?.name ?? origin, answer] as const),
      silent: [...known].flatMap(([origin, { name }]) => (answers.has(origin) ? [] : [name])),
    };
  }

  #send(message: PeerMessage, to?: string): boolean {
    return this.#options.channel.send(JSON.stringify(message), to);
  }

  #hereSoon(): void {
    if (!this.#isClosed) this.#soon ??= setTimeout(() => this.announce(), HERE_SOON_MS);
  }
}
