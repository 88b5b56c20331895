/** What the server said of a row. */
export interface Refusal {
  readonly sqlstate: string;
  readonly message: string;
}

export interface BisectionPorts {
  /** Stores the rows from `from` to before `to`, all of them or none; answers why none. */
  attempt(from: number, to: number): Promise<Refusal | undefined>;
  /** The row was attempted alone and refused. Called in the order of the rows, before any row after it is attempted. */
  refused(row: number, why: Refusal): Promise<void>;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly half: 'first' | 'second' | 'neither';
  /** Known to be refused without an attempt. */
  refused: boolean;
}

/**
 * Stores as many of the rows as the server takes: halves of what it refuses are attempted by themselves, in the order of
 * the rows, down to the single row. k bad rows of n cost at most 2 k (log2(n / k) + 1) attempts; all of them bad: 2 n.
 */
export async function bisect(rows: number, { attempt, refused }: BisectionPorts): Promise<void> {
  const waiting: Range[] = rows > 0 ? [{ from: 0, to: rows, half: 'neither', refused: false }] : [];
  for (let range = waiting.pop(); range; range = waiting.pop()) {
    const { from, to, half } = range;
    const single = to - from === 1;
    // A single row is always attempted: its dead letter needs the server's message, and the server may take it after all.
    const why = range.refused && !single ? true : await attempt(from, to);
    if (!why) {
      const second = waiting.at(-1);
      // Both halves failed together and the first one is stored, so the second one holds the refused row.
      if (half === 'first' && second) second.refused = true;
    } else if (single) await refused(from, why as Refusal);
    else {
      const middle = (from + to) >>> 1;
      waiting.push({ from: middle, to, half: 'second', refused: false }, { from, to: middle, half: 'first', refused: false });
    }
  }
}
