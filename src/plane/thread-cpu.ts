import { readFileSync } from 'node:fs';

/** CPU seconds that a thread of this process has used, by its kernel id; undefined outside Linux. */
export function threadCpuSeconds(tid: number): number | undefined {
  try {
    const nanoseconds = Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ')[0]);
    return nanoseconds / 1e9;
  } catch {
    return undefined;
  }
}
