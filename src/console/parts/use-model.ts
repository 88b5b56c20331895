import { untracked, useSignalEffect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { nowMs } from '../data/clock.js';

interface Model {
  tick(nowMs: number): void;
  close(): void;
}

/** What a page shows: made when the page opens, given the time once a second, closed when the page goes. */
export function useModel<M extends Model>(make: () => M): M {
  const [model] = useState(() => untracked(make));
  useEffect(() => () => model.close(), [model]);
  useSignalEffect(() => {
    const ms = nowMs.value;
    untracked(() => model.tick(ms));
  });
  return model;
}
