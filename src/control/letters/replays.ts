import { FORMAT_BY_SHAPE } from '../../../assembly/abi/block.js';
import { CODE_DEVICE_INACTIVE, CODE_DEVICE_UNKNOWN, CODE_NONE, CODE_PAYLOAD_OVERSIZE } from '../../../assembly/abi/codes.js';
import { PROFILE_NOT_TAKEN, PROFILE_PLAIN } from '../../../assembly/abi/profiles.js';
import type { DataPlane } from '../../contract/data-plane.js';
import { decodeContext, encodeContext, type RecordContext } from '../../contract/record-context.js';
import type { Report } from '../../telemetry/report.js';
import type { letterEvents } from './events.js';
import type { ReplayableLetter, ReplayableLetters, ReplayFilter } from './replayable-letters.js';
import type { Reroute } from './reroute.js';

/** Letters that are read at once: their payloads are in memory. */
const PAGE = 500;
/** Letters on their way at once: fewer than the state of a partition knows, so that none counts twice however a process ends. */
const ON_THEIR_WAY_MAX = 10_000;
/** How soon the log, or the database, is asked again. */
const AGAIN_MS = 250;
/** Replays that are remembered after their end. */
const REMEMBERED_MAX = 50;

/** What is refused for good; any other refusal passes. */
const FINAL = new Set<number>([CODE_DEVICE_INACTIVE, CODE_DEVICE_UNKNOWN, CODE_PAYLOAD_OVERSIZE]);

export interface Replay {
  readonly id: number;
  readonly startedMs: number;
  state: 'running' | 'done' | 'failed' | 'stopped';
  /** Letters that matched at the start. */
  readonly letters: number;
  /** Letters that went through the pipeline again: their readings are stored, or they are dead letters once more. */
  replayed: number;
  deadAgain: number;
  /** Letters that were not taken in, as their device is not active. */
  refused: number;
  endedMs: number | undefined;
  cause: string | undefined;
}

export interface ReplaysOptions {
  readonly letters: Pick<ReplayableLetters, 'count' | 'deadAgain' | 'page' | 'unmarked'>;
  readonly plane: Pick<DataPlane, 'ingest'>;
  /** For letters whose topic was not taken. */
  readonly reroute: Reroute;
  /** Number of the version that is used of the schema which has the version of this number. */
  readonly usedVersion: (number: number) => number;
  readonly event: Report<keyof typeof letterEvents>;
  readonly againMs?: number;
}

/** What became of one letter that was tried again. */
export type Outcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'dead'; readonly id: string; readonly reason: string }
  | { readonly kind: 'refused'; readonly code: number };

/**
 * Sends dead letters through the pipeline again. A letter is marked in the transaction that stores its readings, and one that was in
 * the log already counts once: whatever ends when, starting a replay again continues it.
 */
export class Replays {
  readonly #options: ReplaysOptions;
  readonly #replays: Replay[] = [];
  #next = 1;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: ReplaysOptions) {
    this.#options = options;
  }

  get replays(): readonly Replay[] {
    return this.#replays;
  }

  /** Starts a replay, which waits for those before it. Rejects with DatabaseUnavailable. */
  async start(filter: ReplayFilter): Promise<Replay> {
    const letters = await this.#options.letters.count(filter);
    const counts = { letters, replayed: 0, deadAgain: 0, refused: 0 };
    const replay: Replay = { id: this.#next++, startedMs: Date.now(), state: 'running', ...counts, endedMs: undefined, cause: undefined };
    this.#replays.unshift(replay);
    this.#replays.splice(REMEMBERED_MAX);
    this.#running = this.#running.then(() => this.#run(replay, filter));
    return replay;
  }

  /** Tries one letter again, with another payload or format if they are given. Undefined: it cannot be tried again. */
  async retry(id: string, changes: { readonly payload?: Buffer; readonly format?: number }): Promise<Outcome | undefined> {
    const [letter] = await this.#options.letters.page({ ids: [id] }, '0', 1);
    if (!letter) return undefined;
    const code = await this.#take({ ...letter, ...changes }, changes.format !== undefined);
    if (code !== CODE_NONE) return { kind: 'refused', code };
    await this.#marked([id]);
    const [fresh] = await this.#options.letters.deadAgain([id]);
    return fresh ? { kind: 'dead', ...fresh } : { kind: 'stored' };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(replay: Replay, filter: ReplayFilter): Promise<void> {
    try {
      await this.#takeAll(replay, filter);
      replay.state = this.#isClosed ? 'stopped' : 'done';
    } catch (error) {
      replay.state = 'failed';
      replay.cause = (error as Error).message;
    }
    replay.endedMs = Date.now();
    const { id, letters, replayed, deadAgain, refused, state, cause } = replay;
    const fields = { replay: id, letters, replayed, dead_again: deadAgain, refused, state };
    if (cause === undefined) this.#options.event('info', 'dead-letter-replay-ended', fields);
    else this.#options.event('warn', 'dead-letter-replay-failed', { ...fields, cause });
  }

  async #takeAll(replay: Replay, filter: ReplayFilter): Promise<void> {
    let after = '0';
    const onTheirWay: string[] = [];
    while (!this.#isClosed) {
      const page = await this.#options.letters.page(filter, after, PAGE);
      const codes = await Promise.all(page.map((letter) => this.#take(letter)));
      for (const [index, { id }] of page.entries()) {
        if (codes[index] === CODE_NONE) onTheirWay.push(id);
        else replay.refused++;
        after = id;
      }
      const isLast = page.length < PAGE;
      if (!isLast && onTheirWay.length + PAGE <= ON_THEIR_WAY_MAX) continue;
      // The others are judged and stored while the next ones are read.
      const awaited = onTheirWay.splice(0, isLast ? onTheirWay.length : ON_THEIR_WAY_MAX / 2);
      await this.#marked(awaited);
      replay.replayed += awaited.length;
      replay.deadAgain += (await this.#options.letters.deadAgain(awaited)).length;
      if (isLast) return;
    }
  }

  /**
   * Puts a letter into the log, however long the log takes nothing in; answers 0, or the code that refuses it for good. It is read by the
   * schema that refused it, in the version which is used now. `isFormatSaid`: its format comes before that of the schema.
   */
  async #take({ id, device, receivedUs, payload, format, context }: ReplayableLetter, isFormatSaid = false): Promise<number> {
    const own = (context && decodeContext(context)) ?? { profile: PROFILE_PLAIN };
    const isNotTaken = own.profile === PROFILE_NOT_TAKEN && own.topic !== undefined;
    const route = isNotTaken ? this.#options.reroute(device, own.topic) : undefined;
    const read: RecordContext = route?.context ?? own;
    const schema = read.schema ? this.#options.usedVersion(read.schema) : 0;
    const isFormatOfRule = read.isFormatOfRule === true && !isFormatSaid;
    const bytes = encodeContext({ ...read, schema, isFormatOfRule, letter: { id: BigInt(id), receivedUs } });
    const target = route?.device ?? device;
    const readAs = format === FORMAT_BY_SHAPE ? (route?.format ?? format) : format;
    while (true) {
      const code = (await this.#options.plane.ingest([{ device: target, payload, format: readAs, context: bytes }]))[0]!;
      if (code === CODE_NONE || FINAL.has(code) || this.#isClosed) return code;
      await this.#wait();
    }
  }

  /** Resolves when the letters are marked, or the replay is stopped. */
  async #marked(ids: readonly string[]): Promise<void> {
    while (!this.#isClosed && ids.length > 0 && (await this.#options.letters.unmarked(ids)) > 0) await this.#wait();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#options.againMs ?? AGAIN_MS));
  }
}
