import { CODE_NONE } from './abi/codes';
import { laid } from './decode/laid-schema';
import { skippedAt, skippedReadings } from './decode/sink';
import { reachedAt } from './decode/verdict';
import { applySchema, firstFault, firstMetric } from './schema/apply';

// The pipeline's module for messages that are looked at by themselves, where it may cost something to say more of them.

export * from './pipeline';

/** The address of what the decoder came to last before it refused the message. */
export function decodedReachedAt(): usize {
  return reachedAt;
}

/** The address of the first value that was left out; 0: none was. */
export function decodedSkippedAt(): usize {
  return skippedReadings == 0 ? 0 : skippedAt;
}

/** Applies its schema to the message that was decoded last, of which `bytes` bytes lie in the block; answers its first fault, or CODE_NONE. */
export function applySchemaProbe(bytes: u32): u32 {
  if (laid == 0) return CODE_NONE;
  applySchema(bytes);
  return firstFault;
}

/** Number of the metric of that fault; 0: it is not one of a field. */
export function faultyMetric(): u32 {
  return firstMetric;
}
