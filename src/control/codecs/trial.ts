import { FORMAT_BY_SHAPE } from '../../../assembly/abi/block.js';
import type { CodecTrialAnswer } from '../../contract/answers/codecs.js';
import { codeOf } from '../../contract/api-errors.js';
import type { CodecPlan } from '../../contract/codecs/codec-plan.js';
import { isoMicros } from '../queries/iso-micros.js';
import { type TrialDecoder, withSchema } from '../topic-rules/trial-decoder.js';

/** Number of the schema version that a trial makes up. */
const VERSION = 1;
const ANY_DEVICE = 1;
const NO_CONTEXT = new Uint8Array(0);

/** What the codec makes of a payload, by a schema that says no more than its name. */
export function tryCodec(decoder: TrialDecoder, codec: CodecPlan, payload: Uint8Array): CodecTrialAnswer {
  const plan = { number: VERSION, mode: 'strict', codec, fields: [], others: 'read' } as const;
  const message = withSchema({ device: ANY_DEVICE, format: FORMAT_BY_SHAPE, context: NO_CONTEXT, payload }, VERSION);
  const { readings, reasons, fuelUsed } = decoder.decode([message], Date.now() * 1000, [plan]);
  const [reason] = reasons;
  return {
    readings: readings.map(({ metric, value, tsUs }) => ({ metric, value, ts: isoMicros(tsUs) })),
    fuel_used: fuelUsed,
    fuel_max: codec.fuelMax,
    ...(reason !== undefined && { reason, cause: codeOf(reason)?.cause }),
  };
}
