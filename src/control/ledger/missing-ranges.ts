export interface Sequence {
  /** Lowest and highest number received, or null when none was. */
  readonly first: number | null;
  readonly last: number | null;
  /** Numbers received, and numbers between them that were not. */
  readonly received: number;
  readonly missing: number;
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
}

/** What lies between the runs of received numbers, which are ascending and never adjacent. */
export function missingRanges(runs: readonly (readonly [first: number, last: number])[]): Sequence {
  const ranges = runs.slice(1).map(([first], index) => ({ from: runs[index]![1] + 1, to: first - 1 }));
  return {
    first: runs[0]?.[0] ?? null,
    last: runs.at(-1)?.[1] ?? null,
    received: runs.reduce((sum, [first, last]) => sum + (last - first + 1), 0),
    missing: ranges.reduce((sum, { from, to }) => sum + (to - from + 1), 0),
    ranges,
  };
}
