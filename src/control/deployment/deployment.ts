import type { DataPlane, DeviceViews, LatestPoints, Point } from '../../contract/data-plane.js';
import { partitionOf } from '../../contract/partition.js';
import type { DeviceShare, Heard, OtherLedgers, ProcessBooks } from '../ledger/shares.js';
import { type Rates, sumRates } from '../live/rate-meter.js';
import { Answers, type AnswersOptions } from './answers.js';
import { LiveRelay } from './live-relay.js';
import { Neighbours } from './neighbours.js';
import { Questions } from './questions.js';
import type { Wire } from './wire.js';
import { booksAnswer, type LatestAnswer, latestAnswer, parseWord, pointOf, QUESTION_DEVICES_MAX, shareAnswer, type Word } from './words.js';

/** How often a process says that it is there, and what it watches. */
const HERE_EVERY_MS = 3000;
/** What changes within this time is said once. */
const HERE_SOON_MS = 50;

export interface DeploymentOptions extends Pick<AnswersOptions, 'partitions' | 'ledger' | 'event'> {
  readonly wire: Pick<Wire, 'send' | 'follow' | 'close'>;
  /** What operators call this process. */
  readonly name: string;
  readonly plane: Pick<DataPlane, 'latest' | 'watch' | 'onLive' | 'lag'>;
  /** Of this process alone. */
  readonly ownRates: () => Rates;
  readonly answerMsMax?: number;
  readonly nowMs?: () => number;
}

/**
 * This process among those of its deployment: it answers for the partitions that it runs, and asks others about theirs. Which
 * process runs a partition nobody needs to know: whoever does answers, and if none does, that is said.
 */
export class Deployment implements DeviceViews, OtherLedgers {
  readonly name: string;
  readonly #options: DeploymentOptions;
  readonly #nowMs: () => number;
  readonly #neighbours: Neighbours;
  readonly #relay: LiveRelay;
  readonly #questions: Questions;
  readonly #answers: Answers;
  readonly #watches = new Map<number, number>();
  readonly #listeners: ((points: readonly Point[]) => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: DeploymentOptions) {
    const { plane, name, nowMs = () => performance.now(), answerMsMax } = options;
    this.#options = options;
    this.name = name;
    this.#nowMs = nowMs;
    this.#neighbours = new Neighbours((device, on) => plane.watch(device, on));
    this.#relay = new LiveRelay({
      neighbours: () => this.#neighbours.known,
      send: (to, points) => this.#say({ kind: 'points', points: [...points] }, to),
    });
    this.#questions = new Questions({ send: (token, question) => this.#say({ kind: 'ask', token, question }), answerMsMax });
    this.#answers = new Answers({ ...options, send: (to, token, answer) => this.#say({ kind: 'answer', token, answer }, to) });
    plane.onLive((points) => this.#relay.take(points));
  }

  /** Joins the others; rejects when the database is not there. */
  async open(): Promise<void> {
    const heard = (from: string, text: string) => {
      const word = parseWord(text);
      if (word && !this.#isClosed) this.#hear(from, word);
    };
    await this.#options.wire.follow({ heard, opened: () => this.#hereSoon() });
    this.#timer = setInterval(() => this.turn(), HERE_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#relay.close();
    this.#say({ kind: 'bye' });
    this.#isClosed = true;
    await this.#options.wire.close();
  }

  /** Says what there is to say from time to time; the timer calls it. */
  turn(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#neighbours.lapse(this.#nowMs());
    this.#say({ kind: 'here', name: this.name, watches: [...this.#watches.keys()], rates: this.#options.ownRates() });
  }

  /** Other processes that are there. */
  get neighbours(): number {
    return this.#neighbours.known.size;
  }

  /** Of all of them, as they said last. */
  get rates(): Rates {
    return sumRates(Array.from(this.#neighbours.known.values(), ({ rates }) => rates));
  }

  /** Readings that others watch and that were left out. */
  get skipped(): number {
    return this.#relay.skipped;
  }

  get met(): boolean {
    return this.#neighbours.met;
  }

  watch(device: number, on: boolean): void {
    this.#options.plane.watch(device, on);
    const watches = (this.#watches.get(device) ?? 0) + (on ? 1 : -1);
    if (watches > 0) this.#watches.set(device, watches);
    else this.#watches.delete(device);
    if (on ? watches === 1 : watches === 0) this.#hereSoon();
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
      notRunning: [...new Set(answers.flatMap(({ notRunning }) => notRunning))],
    };
  }

  async shares(device: number, needsAccount: boolean): Promise<Heard<DeviceShare>> {
    const answers = await this.#questions.ask({ about: 'device', device }, shareAnswer, (found) => {
      return this.#isFromAll(found) && (!needsAccount || [...found.values()].some(({ account }) => account !== undefined));
    });
    return this.#named(answers);
  }

  async books(): Promise<Heard<ProcessBooks>> {
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
    const points: Point[] = [];
    for (const answer of answers.values()) {
      const fresh = new Set(answer.partitions.filter((partition) => wanted.delete(partition)));
      points.push(...answer.points.map(pointOf).filter(({ device }) => fresh.has(this.#partition(device)) && devices.includes(device)));
    }
    return { points, notRunning: [...wanted] };
  }

  #hear(from: string, word: Word): void {
    switch (word.kind) {
      case 'here':
        if (this.#neighbours.here(from, word, this.#nowMs())) this.#hereSoon();
        return;
      case 'bye':
        this.#neighbours.gone(from);
        return;
      case 'ask':
        void this.#answers.give(from, word.token, word.question);
        return;
      case 'answer':
        this.#questions.answered(from, word.token, word.answer);
        return;
      case 'points':
        this.#show(word.points.map(pointOf));
    }
  }

  /** Readings of partitions that this process runs come from its own threads. */
  #show(points: readonly Point[]): void {
    const lag = this.#options.plane.lag();
    const shown = points.filter(({ device }) => this.#watches.has(device) && !lag[this.#partition(device)]?.isHere);
    if (shown.length > 0) for (const listener of this.#listeners) listener(shown);
  }

  #partition(device: number): number {
    return partitionOf(device, this.#options.partitions);
  }

  #isFromAll(answers: ReadonlyMap<string, unknown>): boolean {
    return [...this.#neighbours.known.keys()].every((origin) => answers.has(origin));
  }

  #named<Answer>(answers: ReadonlyMap<string, Answer>): Heard<Answer> {
    const { known } = this.#neighbours;
    return {
      answers: Array.from(answers, ([origin, answer]) => [known.get(origin)?.name ?? origin, answer] as const),
      silent: [...known].flatMap(([origin, { name }]) => (answers.has(origin) ? [] : [name])),
    };
  }

  #say(word: Word, to?: string): boolean {
    return this.#options.wire.send(JSON.stringify(word), to);
  }

  #hereSoon(): void {
    if (!this.#isClosed) this.#soon ??= setTimeout(() => this.turn(), HERE_SOON_MS);
  }
}
