import { CODE_DEVICE_UNKNOWN, CODE_NONE, CODE_PAYLOAD_OVERSIZE } from '../../../assembly/abi/codes.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { STAGE_OFFSET } from '../../../assembly/abi/regions.js';
import type { OverRate } from '../../contract/limits/over-rate.js';
import type { FromGateway } from '../../contract/threads/gateway.js';
import type { IngestedMessage } from '../../contract/threads/packed-messages.js';
import type { KernelMemory } from '../../host/kernel.js';
import type { Directory } from '../directory.js';
import type { GatewayKernel } from '../kernel.js';
import type { NoteOverRate } from '../pacing.js';

/** In place of a request: no rate holds for the message. */
export const EXEMPT = 0;

/** Messages that came over HTTP: into the same blocks as those of MQTT, answered by token. */
export class Ingest {
  readonly #kernel: GatewayKernel;
  readonly #memory: KernelMemory;
  readonly #directory: Directory;
  readonly #post: (message: FromGateway) => void;
  readonly #noteOverRate: NoteOverRate;
  /** Messages that found no block slot, oldest first. */
  #waiting: IngestedMessage[] = [];
  /** The request of the last message, and which rates its devices' first messages were over. */
  #body = 0;
  #verdicts = new Map<number, OverRate | undefined>();
  #durable: number[] = [];
  /** Why the log takes nothing in, or 0. */
  #logCode: number = CODE_NONE;

  constructor(
    kernel: GatewayKernel,
    memory: KernelMemory,
    directory: Directory,
    post: (message: FromGateway) => void,
    noteOverRate: NoteOverRate,
  ) {
    this.#noteOverRate = noteOverRate;
    this.#kernel = kernel;
    this.#memory = memory;
    this.#directory = directory;
    this.#post = post;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  take(message: IngestedMessage): void {
    if (this.#logCode !== CODE_NONE) this.refuse(message.token, this.#logCode);
    else if (this.isWaiting || !this.#lay(message)) this.#waiting.push(message);
  }

  /** Refuses a message that the gateway does not even look at. */
  refuse(token: number, code: number): void {
    this.#kernel.countRefused(code);
    this.#post({ kind: 'ingest-refused', token, code });
  }

  /** The code that callers get at once while the log takes nothing in; 0: it takes messages. */
  logChanged(code: number): void {
    this.#logCode = code;
    if (code === CODE_NONE) return;
    for (const { token } of this.#waiting) this.refuse(token, code);
    this.#waiting = [];
  }

  /** After slots were freed. */
  retry(): void {
    let done = 0;
    while (done < this.#waiting.length && this.#lay(this.#waiting[done] as IngestedMessage)) done++;
    if (done > 0) this.#waiting = this.#waiting.slice(done);
  }

  durable(token: number): void {
    this.#durable.push(token);
  }

  /** Tells the host of all tokens since the last call. */
  announce(): void {
    if (this.#durable.length === 0) return;
    this.#post({ kind: 'ingested', tokens: this.#durable });
    this.#durable = [];
  }

  /**
   * The rate that the message is over; undefined: none. What a request says of a device is taken or refused as one, by its first message:
   * of a body that is taken in part a client may lose the rest, and one that is as large as it may be is paid off by a longer wait.
   */
  #overRate(entry: number, { body, device }: IngestedMessage): OverRate | undefined {
    if (body === EXEMPT) return undefined;
    if (body !== this.#body) this.#verdicts.clear();
    this.#body = body;
    if (!this.#verdicts.has(device)) {
      const code = this.#kernel.overRateOf(entry);
      this.#verdicts.set(device, code === CODE_NONE ? undefined : this.#noteOverRate(entry, code, this.#kernel.earlyMs()));
    }
    return this.#verdicts.get(device);
  }

  /** False: no block slot is free. */
  #lay(message: IngestedMessage): boolean {
    const { token, device, flags, format, context, payload } = message;
    const entry = this.#directory.entryOf(device);
    if (entry === undefined || context.length + payload.length > PAYLOAD_BYTES_MAX) {
      this.refuse(token, entry === undefined ? CODE_DEVICE_UNKNOWN : CODE_PAYLOAD_OVERSIZE);
      return true;
    }
    const over = this.#overRate(entry, message);
    if (over) {
      this.#kernel.refuseOfDevice(entry, over.code);
      this.#post({ kind: 'ingest-refused', token, code: over.code, over });
      return true;
    }
    this.#memory.bytes.set(context, STAGE_OFFSET);
    this.#memory.bytes.set(payload, STAGE_OFFSET + context.length);
    const code = this.#kernel.ingest(entry, flags | (format << 8), context.length, payload.length, token);
    if (code < 0) return false;
    if (code > 0) this.#post({ kind: 'ingest-refused', token, code });
    return true;
  }
}
