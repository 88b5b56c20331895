import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The embedded server of this state folder stands still, its connections open and silent, until `goOn`, which may be called again. */
export function standStill(stateFolder: string): { goOn(): void } {
  const stopped = serverPids(stateFolder);
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  return {
    goOn: () => {
      for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT');
    },
  };
}

function serverPids(stateFolder: string): number[] {
  const postmaster = Number(readFileSync(join(stateFolder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const children = rows.map((row) => row.trim().split(/\s+/).map(Number)).filter(([, parent]) => parent === postmaster);
  return [postmaster, ...children.map(([pid]) => pid as number)];
}
