import { FORMAT_BY_SHAPE, FORMAT_NDJSON } from '../../../assembly/abi/block.js';
import {
  CODE_FIELD_MISSING,
  CODE_FIELD_OUT_OF_RANGE,
  CODE_FIELD_TYPE_INVALID,
  CODE_FIELD_UNEXPECTED,
  CODE_METRIC_DUPLICATE,
  CODE_NUMBER_OUT_OF_RANGE,
} from '../../../assembly/abi/codes.js';
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
/** Reasons that a schema has to refuse a field. */
const OF_FIELD = new Map(
  [
    ...[CODE_FIELD_MISSING, CODE_FIELD_TYPE_INVALID, CODE_FIELD_OUT_OF_RANGE, CODE_FIELD_UNEXPECTED],
    ...[CODE_METRIC_DUPLICATE, CODE_NUMBER_OUT_OF_RANGE],
  ].map((code) => [refusalCode(code).name, code]),
);
/** A kernel that knows so many metrics is thrown away. */
const METRICS_MAX = 16_384;

type MessageLetter = Pick<DeadLetter, 'reason' | 'payload' | 'format' | 'context' | 'device' | 'receivedAtMs' | 'metric'>;

function messageOf({ device, format, context, payload, receivedAtMs }: MessageLetter): FaultyMessage {
  return { device: device ?? 0, format: format ?? FORMAT_BY_SHAPE, context, payload, receiveUs: receivedAtMs * 1000 };
}

/** Finds the byte or the field for which a payload is refused: it is decoded once more, by a kernel that is made for the first letter. */
export class FaultFinder {
  readonly #planOf: (schema: number) => Promise<SchemaPlan | undefined>;
  #kernel: FaultKernel | undefined;
  /** Names of the fields of the schema versions that the kernel has; of none for those that have no plan. */
  #planned = new Map<number, ReadonlySet<string>>();
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
      this.#planned.set(schema, new Set(plan?.fields.map(({ name }) => name)));
    }
  }

  /** From 0 on; the length of a payload that ends too soon. Undefined: the reason is not at one byte, or depends on what came before. */
  position(letter: MessageLetter): number | undefined {
    const { reason, payload, format, context, metric } = letter;
    if (metric !== null || OF_NO_BYTE.has(reason)) return undefined;
    if (context && this.#coded.has(decodeContext(Buffer.from(context))?.schema ?? 0)) return undefined;
    // Every byte is a character of its own here: what lies outside ASCII can only be within a string.
    if (OF_JSON.has(reason) && format !== FORMAT_NDJSON) return jsonFault(Buffer.from(payload).toString('latin1'));
    const fault = this.#asked((kernel) => kernel.fault(messageOf(letter)));
    return fault && refusalCode(fault.code).name === reason ? fault.position : undefined;
  }

  /** The field, as the payload names it, for which its schema refused the letter. Undefined: no field is the reason, or the version is not there. */
  field(letter: MessageLetter): string | undefined {
    const { reason, context, metric } = letter;
    const code = OF_FIELD.get(reason);
    const schema = (context && decodeContext(Buffer.from(context))?.schema) || 0;
    const named = this.#planned.get(schema);
    if (metric !== null || code === undefined || !named || this.#coded.has(schema)) return undefined;
    return this.#asked((kernel) => kernel.field(messageOf(letter), code, named));
  }

  /** Whether a message without a context is refused by a kernel that knows of none before it. */
  isRefused(message: Pick<FaultyMessage, 'device' | 'format' | 'payload'>): boolean {
    return this.#asked((kernel) => kernel.fault({ ...message, context: null, receiveUs: Date.now() * 1000 })) !== undefined;
  }

  #asked<Answer>(ask: (kernel: FaultKernel) => Answer | undefined): Answer | undefined {
    try {
      return ask(this.#usable());
    } catch {
      // The letter is shown without a position or field. What a kernel knows after it failed is nothing to go by.
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
    this.#planned = new Map();
  }
}
