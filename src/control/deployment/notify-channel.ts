import { createHash } from 'node:crypto';
import { MIB } from '../../../assembly/abi/limits.js';
import type { Database } from '../../contract/database.js';
import { doneWithin } from '../../contract/deadline.js';
import type { Report } from '../../telemetry/report.js';
import type { deploymentEvents } from './events.js';
import { cutText, Frames } from './frames.js';

/** What may wait for the database; beyond it nothing is sent. */
const WAITING_BYTES_MAX = 8 * MIB;
const CLOSE_MS_MAX = 1000;

export interface NotifyListener {
  /** Takes a text that another process sent. Anybody who may connect to the database can send one. */
  received(from: string, text: string): void;
  /** The connection is new, so texts may have been missed. */
  connected(): void;
}

export interface NotifyChannelOptions {
  readonly database: Database;
  /** Only processes that name the same deployment receive each other's texts. */
  readonly deployment: string;
  /** Names this process: lower-case letters and digits. */
  readonly origin: string;
  readonly event: Report<keyof typeof deploymentEvents>;
}

/**
 * Sends texts between the processes of a deployment as notifications of the database. Nothing is kept: a process that is not
 * connected misses them. Texts that arrive while a statement is under way go together in the next one.
 */
export class NotifyChannel {
  readonly #options: NotifyChannelOptions;
  readonly #channel: string;
  readonly #frames = new Frames();
  #number = 0;
  #waiting: { readonly channel: string; readonly frame: string }[] = [];
  #waitingBytes = 0;
  #sending: Promise<void> | undefined;
  #isFailing = false;
  #isClosed = false;

  constructor(options: NotifyChannelOptions) {
    this.#options = options;
    this.#channel = `spillway_${createHash('sha256').update(options.deployment).digest('hex').slice(0, 16)}`;
  }

  /** Sends to one process, or to all. False: the text is too long, or too much waits for the database. */
  send(text: string, to?: string): boolean {
    const frames = cutText(this.#options.origin, ++this.#number, text);
    if (!frames || this.#isClosed) return false;
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    if (this.#waitingBytes + bytes > WAITING_BYTES_MAX) return false;
    this.#waitingBytes += bytes;
    const channel = to === undefined ? this.#channel : `${this.#channel}_${to}`;
    for (const frame of frames) this.#waiting.push({ channel, frame });
    this.#sending ??= this.#flush();
    return true;
  }

  /** Receives texts from now on; resolves at the first connection. */
  async follow(listener: NotifyListener): Promise<void> {
    const { database, origin } = this.#options;
    const received = (frame: string) => {
      const joined = this.#frames.join(frame, performance.now());
      if (joined && joined.from !== origin) listener.received(joined.from, joined.text);
    };
    const channels = [`${this.#channel}_${origin}`, this.#channel];
    await database.listen(channels, { received, connected: () => listener.connected() });
  }

  /** Lets what waits go out, if that is soon. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await doneWithin(this.#sending, CLOSE_MS_MAX);
  }

  async #flush(): Promise<void> {
    const { database, event } = this.#options;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const channels = batch.map(({ channel }) => channel);
      const frames = batch.map(({ frame }) => frame);
      try {
        await database.run(
          (sql) => sql`select pg_notify(channel, frame) from unnest(${channels}::text[], ${frames}::text[]) as notices (channel, frame)`,
        );
        if (this.#isFailing) event('info', 'peer-notify-recovered', {});
        this.#isFailing = false;
      } catch (error) {
        // One event an outage. The texts are dropped: they are out of date when it is over.
        if (!this.#isFailing) event('warn', 'peer-notify-failed', { cause: (error as Error).message });
        this.#isFailing = true;
      }
      this.#waitingBytes -= frames.reduce((sum, frame) => sum + frame.length, 0);
    }
    this.#sending = undefined;
  }
}
