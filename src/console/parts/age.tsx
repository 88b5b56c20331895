import { useComputed } from '@preact/signals';
import { nowMs } from '../data/clock.js';
import { formatAge, formatMoment } from '../data/format.js';

/** How long ago a moment was, kept up to date; `NaN` is never. The moment itself is in its title. */
export function Age({ ms, before = '', class: name = '' }: { ms: number; before?: string; class?: string }) {
  return (
    <time class={name} dateTime={Number.isFinite(ms) ? new Date(ms).toISOString() : ''} title={formatMoment(ms)}>
      {before}
      <AgeText ms={ms} />
    </time>
  );
}

/** The words alone. */
export function AgeText({ ms }: { ms: number }) {
  const text = useComputed(() => formatAge(ms, nowMs.value));
  return <>{text}</>;
}
