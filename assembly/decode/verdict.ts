import { CODE_NONE } from '../abi/codes';

/**
 * Why the last reader failed: a code of abi/codes.ts. Readers take a position and answer the position after
 * what they read; 0, which is no payload's position, says that they failed and left their code here.
 */
export let failure: u32 = CODE_NONE;

/**
 * Where the value, name or field begins that a decoder came to last: when it refuses the message, its fault. Only the module trial.ts
 * reads it; the compiler leaves it out of every other.
 */
export let reachedAt: usize = 0;

@inline
export function reach(at: usize): void {
  reachedAt = at;
}

@inline
export function refuse(code: u32): usize {
  failure = code;
  return 0;
}
