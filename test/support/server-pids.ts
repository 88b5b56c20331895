import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The processes of the embedded server whose state lies in the folder. */
export function serverPids(stateFolder: string): number[] {
  const postmaster = Number(readFileSync(join(stateFolder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const children = rows.map((row) => row.trim().split(/\s+/).map(Number)).filter(([, parent]) => parent === postmaster);
  return [postmaster, ...children.map(([pid]) => pid as number)];
}
