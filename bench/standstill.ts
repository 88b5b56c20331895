import { execFileSync } from 'node:child_process';

/** Stops a server and all its children without a word; answers how to let them go on. They go on when this process ends, too. */
export function standStill(parent: number): () => void {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const pids = [parent, ...pairs.filter(([, of]) => of === parent).map(([pid]) => pid as number)];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const goOn = () => {
    process.off('exit', goOn);
    for (const pid of pids.splice(0)) {
      try {
        process.kill(pid, 'SIGCONT');
      } catch {
        // It was ended meanwhile.
      }
    }
  };
  process.once('exit', goOn);
  return goOn;
}
