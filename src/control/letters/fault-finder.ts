import { FORMAT_BY_SHAPE, FORMAT_NDJSON } from '../../../assembly/abi/block.js';
import { refusalCode } from '../../contract/codes.js';
import { FaultKernel, type FaultyMessage } from '../../pipeline/fault-kernel.js';
import type { DeadLetter } from './dead-letter.js';
import { jsonFault } from './json-fault.js';

/** Reasons that a reader of JSON gives at a byte. */
const OF_JSON = new Set(['json_malformed', 'json_byte_order_mark', 'json_nul_at_end']);
/** Reasons that are not at one byte: something is missing, or is the matter of the whole message. */
const OF_NO_BYTE = new Set([
  ...['context_malformed', 'device_lost', 'format_unknown', 'metrics_missing', 'payload_empty', 'payload_oversize'],
  ...['protobuf_plan_missing', 'sparkplug_topic_invalid', 'state_exhausted'],
]);
/** A kernel that knows so many metrics is thrown away. */
const METRICS_MAX = 16_384;

/** Finds the byte for which a payload is refused: it is decoded once more, by a kernel that is made for the first letter. */
export class FaultFinder {
  #kernel: FaultKernel | undefined;

  /** From 0 on; the length of a payload that ends too soon. Undefined: the reason is not at one byte, or depends on what came before. */
  position(
    letter: Pick<DeadLetter, 'reason' | 'payload' | 'format' | 'context' | 'device' | 'receivedAtMs' | 'metric'>,
  ): number | undefined {
    const { reason, payload, format, context, metric } = letter;
    if (metric !== null || OF_NO_BYTE.has(reason)) return undefined;
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
    if ((this.#kernel?.metrics ?? 0) >= METRICS_MAX) this.#kernel = undefined;
    this.#kernel ??= new FaultKernel();
    try {
      return this.#kernel.fault(message);
    } catch {
      // The letter is shown without a position. What a kernel knows after it failed is nothing to go by.
      this.#kernel = undefined;
      return undefined;
    }
  }
}
