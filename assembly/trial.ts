import { skippedAt, skippedReadings } from './decode/sink';
import { reachedAt } from './decode/verdict';

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
