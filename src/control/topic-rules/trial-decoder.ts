import { PROFILE_PLAIN } from '../../../assembly/abi/profiles.js';
import type { BatchRow } from '../../contract/batch-row.js';
import { decodeContext, encodeContext } from '../../contract/record-context.js';
import type { SchemaPlan } from '../../contract/schemas/schema-plan.js';
import type { RoutedMessage } from '../../contract/topic-rules/routing.js';
import { TrialKernel } from '../../pipeline/trial-kernel.js';
import { batchRows } from '../../store/write/batch-rows.js';
import { CopyRows } from '../../store/write/copy-rows.js';
import type { TimeZones } from '../time-zones/time-zones.js';

/** The same message, read by the schema version of this number. */
export function withSchema(message: RoutedMessage, schema: number): RoutedMessage {
  const said = decodeContext(Buffer.from(message.context)) ?? { profile: PROFILE_PLAIN };
  return { ...message, context: encodeContext({ ...said, schema }) };
}

/** A kernel that was used so often, or knows so many metrics, is thrown away with all that it remembers. */
const MESSAGES_MAX = 4096;
const METRICS_MAX = 16_384;
/** Place of the reason in a row of `dead_letters`. */
const REASON = 4;

/** A message as a gateway would lay it into a block. */
export interface TriedMessage extends RoutedMessage {
  /** Number of the time zone of times that name none. */
  readonly timeZone?: number;
}

/** A reading that a message would give. */
export interface TrialReading extends Pick<BatchRow, 'tsUs' | 'value'> {
  /** Number of the device, as in the message. */
  readonly device: number;
  readonly metric: string;
  /** As the message states it. */
  readonly unit?: string;
}

export interface Trial {
  readonly readings: readonly TrialReading[];
  /** Codes of the dead letters that the messages would be. */
  readonly reasons: readonly string[];
  /** Instructions of codecs. */
  readonly fuelUsed: number;
}

/**
 * Says what the pipeline would make of messages, by a kernel of its own that is made at the first trial. For the kernel each message is of
 * a device that it has never met: nothing of a trial is a duplicate, or known to a later one.
 */
export class TrialDecoder {
  #kernel: TrialKernel | undefined;
  #messages = 0;
  #laid: readonly SchemaPlan[] | undefined;
  readonly #timeZones: Pick<TimeZones, 'nameOf'> | undefined;

  /** `timeZones`: those that messages name. */
  constructor(timeZones?: Pick<TimeZones, 'nameOf'>) {
    this.#timeZones = timeZones;
  }

  /** `receivedUs`: when they came in, µs of the Unix epoch. `plans`: of the schema versions that contexts of messages name. */
  decode(messages: readonly TriedMessage[], receivedUs: number, plans: readonly SchemaPlan[] = []): Trial {
    try {
      const trials = messages.map((message) => this.#decodeOne(message, receivedUs, plans));
      return {
        readings: trials.flatMap(({ readings }) => readings),
        reasons: trials.flatMap(({ reasons }) => reasons),
        fuelUsed: trials.reduce((sum, { fuelUsed }) => sum + fuelUsed, 0),
      };
    } catch (error) {
      // What a kernel knows after it failed is nothing to go by.
      this.#kernel = undefined;
      throw error;
    }
  }

  #decodeOne({ device, format, context, payload, timeZone }: TriedMessage, receiveUs: number, plans: readonly SchemaPlan[]): Trial {
    const kernel = this.#freshEnough();
    // The plans of one list are laid once.
    if (plans !== this.#laid) kernel.setSchemas(plans);
    this.#laid = plans;
    const record = { device: ++this.#messages, receiveUs, format, context, payload, timeZone };
    return kernel.run([record], (batch, memory) => {
      const units = kernel.takeUnits();
      const readings = Array.from(batchRows(batch, memory), ({ metric, tsUs, value }) => {
        const unit = units.get(metric);
        return { device, metric: kernel.names[metric - 1] as string, tsUs, value, ...(unit !== undefined && { unit }) };
      });
      const { offset, bytes, rows } = batch.deads;
      const letters = new CopyRows(new Uint8Array(memory, offset, bytes), rows);
      const reasons = Array.from({ length: rows }, (_, row) => Buffer.from(letters.fields(row)[REASON] as Uint8Array).toString());
      return { readings, reasons, fuelUsed: kernel.takeFuel() };
    });
  }

  #freshEnough(): TrialKernel {
    if (this.#messages >= MESSAGES_MAX || (this.#kernel?.names.length ?? 0) >= METRICS_MAX) this.#kernel = undefined;
    if (this.#kernel) return this.#kernel;
    this.#messages = 0;
    this.#laid = undefined;
    this.#kernel = new TrialKernel((number) => this.#timeZones?.nameOf(number));
    return this.#kernel;
  }
}
