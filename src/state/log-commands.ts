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

/**
 * What holds numbers of devices, which mean others in another database: MQTT sessions too, whose queued messages another tenant's device
 * would get. The mark is the last: interrupted before, the next start refuses what is left, and the command may be given again.
 */
const OF_ONE_DATABASE = ['sessions', 'checkpoints', 'log', MARK_NAME];

/** Moves log, checkpoints and MQTT sessions into a folder of their own, which it answers; the next start begins a new log. */
export async function setLogAside(stateFolder: string): Promise<string> {
  return locked(stateFolder, () => {
    const aside = join(stateFolder, 'set-aside', new Date().toISOString().replaceAll(':', ''));
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    for (const name of OF_ONE_DATABASE) {
      if (existsSync(join(stateFolder, name))) move(join(stateFolder, name), join(aside, name));
    }
    return aside;
  });
}

function move(path: string, to: string): void {
  try {
    renameSync(path, to);
  } catch (error) {
    throw new StartFailure(
      'state_folder_unusable',
      `cannot move ${path} to ${to}: ${(error as Error).message}`,
      'make the state folder writable; where it holds a volume of its own, move what lies on that volume by hand and give the command again',
    );
  }
}

async function locked<Result>(stateFolder: string, work: () => Result): Promise<Result> {
  const unlock = await lockStateFolder(stateFolder);
  try {
    return work();
  } finally {
    await unlock();
  }
}
