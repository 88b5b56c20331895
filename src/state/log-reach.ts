import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Why the log in `folder` cannot hold everything up to these offsets, one a partition; undefined: it can. A log that begins below what
 * the database has committed would give those offsets to new messages, and the database would take them for stored.
 */
export function shortfallOf(folder: string, offsets: readonly bigint[]): string | undefined {
  const short = offsets.findIndex((offset, partition) => endOf(join(folder, String(partition).padStart(2, '0'))) < offset);
  return short < 0 ? undefined : `partition ${short} of the log ends before offset ${offsets[short]}, which is committed`;
}

/** A segment is named after the offset of its first byte. */
function endOf(folder: string): bigint {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return 0n;
  const last = readdirSync(folder)
    .filter((name) => /^\d{20}\.log$/.test(name))
    .sort()
    .at(-1);
  return last === undefined ? 0n : BigInt(last.slice(0, 20)) + BigInt(statSync(join(folder, last)).size);
}
