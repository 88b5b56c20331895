import { CODE_DEVICE_OVER_RATE, CODE_NONE, CODE_TENANT_OVER_RATE } from '../../../assembly/abi/codes.js';
import type { DataPlane } from '../../contract/data-plane.js';
import type { RoutedMessage } from '../../contract/topic-rules/routing.js';
import type { Verdict } from '../../contract/verdict.js';

/** Payloads that wait for the log: more of them would only wait longer, so they are refused. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;
/** What a waiting message costs besides its payload, roughly: it bounds the number of empty ones. */
const IN_FLIGHT_MESSAGE_BYTES = 1024;
/** Durable messages are judged within milliseconds unless the pipeline lags; then nobody knows how long it takes. */
const VERDICT_MS_MAX = 5000;

/** What became of a message that was handed in. */
export interface Taken {
  /** The code that refused it, or 0: it is durable. */
  readonly code: number;
  /** Undefined: it was not waited for, or is not known. */
  readonly verdict?: Verdict | undefined;
  /** Why the verdict is not known. */
  readonly unknown?: 'elsewhere' | 'late' | undefined;
}

export interface IntakeOptions {
  readonly plane: Pick<DataPlane, 'ingest' | 'ingestAwaited' | 'overRate'>;
  /** How long the verdicts on durable messages are waited for, ms. */
  readonly verdictMs?: number | undefined;
}

/** Hands messages of bodies to the data plane, as many as may wait for the log at once. */
export class Intake {
  readonly #plane: IntakeOptions['plane'];
  readonly #verdictMs: number;
  #inFlightBytes = 0;
  /** Bodies so far. */
  #body = 0;
  /** Messages that became durable, and what became of those whose senders waited, since the start. */
  messages = 0;
  readonly verdicts = { accepted: 0, dead: 0, unknown: 0 };

  constructor({ plane, verdictMs = VERDICT_MS_MAX }: IntakeOptions) {
    this.#plane = plane;
    this.#verdictMs = verdictMs;
  }

  /** Whole seconds after which messages that were refused with the code of a rate may be sent again; undefined: the code is of none. */
  retrySeconds(code: number, messages: readonly Pick<RoutedMessage, 'device'>[], nowMs = Date.now()): number | undefined {
    if (code !== CODE_DEVICE_OVER_RATE && code !== CODE_TENANT_OVER_RATE) return undefined;
    const devices = [...new Set(messages.map(({ device }) => device))];
    const untilMs = devices.reduce((latest, device) => Math.max(latest, this.#plane.overRate(device)?.untilMs ?? 0), 0);
    return Math.max(1, Math.ceil((untilMs - nowMs) / 1000));
  }

  /**
   * Does the work for a body of so many bytes and messages; undefined, and nothing is done, while too many wait. The messages are handed
   * in within the work.
   */
  async within<Result>(bytes: number, messages: number, work: () => Promise<Result>): Promise<Result | undefined> {
    const cost = bytes + messages * IN_FLIGHT_MESSAGE_BYTES;
    if (this.#inFlightBytes + cost > IN_FLIGHT_BYTES_MAX) return undefined;
    this.#inFlightBytes += cost;
    try {
      return await work();
    } finally {
      this.#inFlightBytes -= cost;
    }
  }

  /** Resolves once each message is durable or refused, in their order; with `isAwaited`, once their verdicts are known or given up. */
  async take(messages: readonly RoutedMessage[], isAwaited: boolean): Promise<Taken[]> {
    const taken = await this.#take(messages, isAwaited);
    for (const { code, verdict, unknown } of taken) {
      if (code === CODE_NONE) this.messages++;
      if (unknown) this.verdicts.unknown++;
      else if (verdict) this.verdicts[verdict.code === CODE_NONE ? 'accepted' : 'dead']++;
    }
    return taken;
  }

  async #take(messages: readonly RoutedMessage[], isAwaited: boolean): Promise<Taken[]> {
    const body = ++this.#body;
    const handed = messages.map(({ device, format, context, payload }) => ({ device, payload, format, context, body }));
    if (!isAwaited) return (await this.#plane.ingest(handed)).map((code) => ({ code }));
    const { durable, awaited } = this.#plane.ingestAwaited(handed);
    const codes = await durable;
    for (const [index, one] of awaited.entries()) if (codes[index] !== CODE_NONE) one?.withdraw();
    const late = setTimeout(() => {
      for (const one of awaited) one?.giveUp();
    }, this.#verdictMs);
    const verdicts = await Promise.all(awaited.map((one) => one?.verdict));
    clearTimeout(late);
    return codes.map((code, index) => {
      const verdict = verdicts[index];
      if (code !== CODE_NONE) return { code };
      return verdict ? { code, verdict } : { code, unknown: awaited[index] ? 'late' : 'elsewhere' };
    });
  }
}
