/** Work that happens once in the next frame, however often it is asked for until then. */
export interface FrameWork {
  request(): void;
  cancel(): void;
}

/** `gapMs`: at least this long between two runs, for what nobody can read faster. */
export function frameWork(work: () => void, gapMs = 0): FrameWork {
  let asked = false;
  let handle = 0;
  let ranMs = Number.NEGATIVE_INFINITY;
  const run = (nowMs: number) => {
    if (nowMs - ranMs < gapMs) {
      handle = requestAnimationFrame(run);
      return;
    }
    asked = false;
    ranMs = nowMs;
    work();
  };
  return {
    request: () => {
      if (asked) return;
      asked = true;
      handle = requestAnimationFrame(run);
    },
    cancel: () => {
      asked = false;
      cancelAnimationFrame(handle);
    },
  };
}
