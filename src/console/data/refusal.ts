import type { Refusal } from './answer.js';

/** A refusal for people, with its way out; nothing where there is none. */
export function refusalText(refusal: Refusal | undefined): string {
  return refusal ? [refusal.message, refusal.wayOut].filter(Boolean).join('. ') : '';
}
