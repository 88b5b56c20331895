import { FORMAT_BY_SHAPE, FORMAT_NDJSON } from '../../../assembly/abi/block.js';
import { codecCodes } from '../../contract/codecs/codec-codes.js';
import { refusalCode } from '../../contract/codes.js';
import { decodeContext } from '../../contract/record-context.js';
import type { SchemaPlan } from '../../contract/schemas/schema-plan.js';
import { FaultKernel, type FaultyMessage } from '../../pipeline/fault-kernel.js';
import type { DeadLetter } from './dead-letter.js';
import { jsonFault } from './json-fault.js';

/** Reasons that a reader of JSON gives at a byte. */
const OF_JSON = new Set(['json_malformed', 'json_byte_order_mark', 'json_nul_at_end']);
/** Reasons that are not at one byte: something is missing, or is the matter of the whole message. */
const OF_NO_BYTE = new Set([
  ...codecCodes.map(({ name }) => name),
  ...['context_malformed', 'device_lost', 'format_unknown', 'metrics_missing', 'payload_empty', 'payload_oversize'],
  ...['protobuf_plan_missing', 'sparkplug_topic_invalid', 'state_exhausted'],
]);
/** A kernel that knows so many metrics is thrown away. */
const METRICS_MAX = 16_384;

/** Finds the byte for which a payload is refused: it is decoded once more, by a kernel that is made for the first letter. */
export class FaultFinder {
  readonly #planOf: (schema: number) => Promise<SchemaPlan | undefined>;
  #kernel: FaultKernel | undefined;
  /** Schema versions whose plans the kernel has, or that have none. */
  #planned = new Set<number>();
  /** Schema versions whose messages codecs decode. */
  readonly #coded = new Set<number>();

  /** `planOf`: the plan of a schema version; where it always answers undefined, payloads of Protobuf have no position. */
  constructor(planOf: (schema: number) => Promise<SchemaPlan | undefined> = async () => undefined) {
    this.#planOf = planOf;
  }

  /** Fetches what the letters are read by; before their positions are asked for. */
  async prepare(letters: readonly Pick<DeadLetter, 'context'>[]): Promise<void> {
    for (const { context } of letters) {
      const schema = (context && decodeContext(Buffer.from(context))?.schema) || 0;
      if (schema === 0 || this.#planned.has(schema)) continue;
      const plan = await this.#planOf(schema);
      // What a codec reads at which byte is its own.
      if (plan?.codec) this.#coded.add(schema);
      else if (plan) this.#usable().laySchema(plan);
      this.#planned.add(schema);
    }
  }

  /** From 0 on; the length of a payload that ends too soon. Undefined: the reason is not at one byte, or depends on what came before. */
  position(
    letter: Pick<DeadLetter, 'reason' | 'payload' | 'format' | 'context' | 'device' | 'receivedAtMs' | 'metric'>,
  ): number | undefined {
    const { reason, payload, format, context, metric } = letter;
    if (metric !== null || OF_NO_BYTE.has(reason)) return undefined;
    if (context && this.#coded.has(decodeContext(Buffer.from(context))?.schema ?? 0)) return undefined;
    // Every byte is a character of its own here: what lies outside ASCII can only be within a string.
    if (OF_JSON.has(reason) && format !== FORMAT_NDJSON) return jsonFault(Buffer.from(payload).toString('latin1'));
    const receiveUs = letter.receivedAtMs * 1000;
    const fault = this.#find({ device: letter.device ?? 0, format: format ?? FORMAT_BY_SHAPE, context, payload, receiveUs });
    return fault && refusalCode(fault.code).name === reason ? fault.position : undefined;
  }

  /** Whether a message without a context is refused by a kernel that knows of none before it. */
  isRefused(message: Pick<FaultyMessage, 'device' | 'format' | 'payload'>): boolean {
    return this.#find({ ...message, context: null, receiveUs: Date.now() * 1000 }) !== undefined;
  }

  #find(message: FaultyMessage): ReturnType<FaultKernel['fault']> {
    try {
      return this.#usable().fault(message);
    } catch {
      // The letter is shown without a position. What a kernel knows after it failed is nothing to go by.
      this.#forget();
      return undefined;
    }
  }

  #usable(): FaultKernel {
    if ((this.#kernel?.metrics ?? 0) >= METRICS_MAX) this.#forget();
    this.#kernel ??= new FaultKernel();
    return this.#kernel;
  }

  /** The plans go with the kernel: they are fetched again for the next letters. */
  #forget(): void {
    this.#kernel = undefined;
    this.#planned = new Set();
  }
}
