import type { Refusal } from '../data/answer.js';

/** Why an answer did not come. */
export function Notice({ refusal }: { refusal: Refusal | undefined }) {
  return (
    <p class="refusal" role="alert" hidden={!refusal}>
      {refusal ? `${refusal.message} (${refusal.code})` : ''}
    </p>
  );
}
