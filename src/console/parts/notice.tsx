import type { Refusal } from '../data/answer.js';
import type { Live } from '../data/live.js';

/** Why an answer did not come. A lost connection has its own line at the top of the page. */
export function Notice({ refusal, live }: { refusal: Refusal | undefined; live: Live }) {
  const shown = refusal?.code === 'unreachable' && live.lost.value ? undefined : refusal;
  return (
    <p class="refusal" role="alert" hidden={!shown}>
      {shown && `Not available: ${shown.message}${shown.wayOut ? `; ${shown.wayOut}` : ''} (${shown.code}).`}
    </p>
  );
}
