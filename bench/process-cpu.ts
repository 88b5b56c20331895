import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

let ticksASecond: number | undefined;

/** CPU seconds of a process, user and system; null where there is no /proc. */
export function processCpuSeconds(pid: number): number | null {
  const stat = readStat(pid);
  return stat ? seconds(stat.own) : null;
}

/**
 * CPU seconds of a process and all its children, living and ended, user and system; null where there is no
 * /proc. An ended child moves from its own line into its parent's sums when it is waited for, so the
 * result never falls. proc(5), /proc/pid/stat: utime, stime, cutime, cstime.
 */
export function familyCpuSeconds(pid: number): number | null {
  const parent = readStat(pid);
  if (!parent) return null;
  let ticks = parent.own + parent.ended;
  for (const name of readdirSync('/proc')) {
    const child = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
    if (child?.parent === pid) ticks += child.own + child.ended;
  }
  return seconds(ticks);
}

function seconds(ticks: number): number {
  ticksASecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ticks / ticksASecond;
}

interface Stat {
  readonly parent: number;
  readonly own: number;
  readonly ended: number;
}

function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name in parentheses may hold blanks; field 3 of proc(5) follows it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const at = (field: number) => Number(fields[field - 3]);
  return { parent: at(4), own: at(14) + at(15), ended: at(16) + at(17) };
}
