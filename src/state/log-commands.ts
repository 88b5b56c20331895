import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { StartFailure } from '../contract/start-failure.js';
import { type LogMark, LogMarkFile, MARK_NAME } from './log-mark.js';
import { lockStateFolder } from './state-lock.js';

// What an operator decides about a log whose database was replaced. Both run while no Spillway does, and delete nothing.

/** Lets the next start take the log over into whatever database it has. Answers the databases that the log was of. */
export async function adoptLog(stateFolder: string): Promise<string> {
  return locked(stateFolder, () => {
    const mark = new LogMarkFile(stateFolder);
    const found = mark.read();
    if (found === undefined) {
      throw new StartFailure(
        'log_mark_missing',
        `cannot let another database adopt the log in ${stateFolder}: it does not say which numbers it holds`,
        'start it with its own database, or npx spillway log set-aside',
      );
    }
    const adopted = adopt(found);
    mark.write(adopted.mark);
    return adopted.of.join(', ') || 'any';
  });
}

/** No number that a refused record may hold is given out anew: the database skips those that it has not given out itself. */
function adopt({ database, devices, metrics, adopted, refused }: LogMark): { mark: LogMark; of: readonly string[] } {
  const own = database === null ? [] : [database];
  const taken = refused.flatMap((owner) => [owner.database, ...owner.adopted]);
  const mark = {
    database: null,
    devices: Math.max(devices, ...refused.map((owner) => owner.devices)),
    metrics: Math.max(metrics, ...refused.map((owner) => owner.metrics)),
    adopted: [...new Set([...adopted, ...own, ...taken])],
    refused: [],
  };
  return { mark, of: refused.length > 0 ? refused.map((owner) => owner.database) : own };
}

/** Moves log and checkpoints into a folder of their own, which it answers; the next start begins a new log. */
export async function setLogAside(stateFolder: string): Promise<string> {
  return locked(stateFolder, () => {
    const aside = join(stateFolder, 'set-aside', new Date().toISOString().replaceAll(':', ''));
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    // The mark goes last: interrupted before, the next start refuses what is left, and the command may be given again.
    for (const name of ['checkpoints', 'log', MARK_NAME]) {
      if (existsSync(join(stateFolder, name))) renameSync(join(stateFolder, name), join(aside, name));
    }
    return aside;
  });
}

async function locked<Result>(stateFolder: string, work: () => Result): Promise<Result> {
  const unlock = await lockStateFolder(stateFolder);
  try {
    return work();
  } finally {
    await unlock();
  }
}
