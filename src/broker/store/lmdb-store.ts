import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { StartFailure } from '../../contract/start-failure.js';
import { causeOfDamage } from './lmdb-file.js';
import type { Change, Store } from './store.js';

/** Raised when a record of any table changes its meaning. */
const VERSION = 2;
const FILE = 'sessions.mdb';
/** In the order of their numbers. */
const NAMES = ['sessions', 'entries', 'messages', 'retained', 'taken', 'outgoing', 'interests', 'place'] as const;
const ABOUT = 'about';

type Table = Database<Buffer, number>;

/** Sessions in a file of LMDB, a B-tree that is copied on write: whatever moment the power fails, it is as its last commit left it. */
export class LmdbStore implements Store {
  readonly isDurable = true;
  readonly #root: RootDatabase;
  readonly #tables: readonly Table[];

  /** Throws a StartFailure for a file that is damaged, or of another version. */
  static open(folder: string): LmdbStore {
    const path = join(folder, FILE);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // The engine maps the file, and what is missing of it would end the process.
    const damage = existsSync(path) ? causeOfDamage(path) : undefined;
    if (damage !== undefined) throw unreadable(path, damage);
    let root: RootDatabase;
    try {
      // Without overlappingSync a commit is on the disk when its promise is fulfilled. Batches by turns would have a promise that
      // nobody gets, and whose rejection ends the thread when the disk is full.
      root = open({ path, overlappingSync: false, eventTurnBatching: false, encoding: 'binary', maxDbs: NAMES.length + 1 });
    } catch (error) {
      throw unreadable(path, (error as Error).message);
    }
    chmodSync(path, 0o600);
    checkVersion(root, path);
    return new LmdbStore(root);
  }

  private constructor(root: RootDatabase) {
    this.#root = root;
    this.#tables = NAMES.map((name) => root.openDB<Buffer, number>({ name, encoding: 'binary' }));
  }

  async write(changes: readonly Change[]): Promise<void> {
    try {
      await this.#root.batch(() => {
        let last: Promise<unknown> | undefined;
        for (const { table, key, value } of changes) {
          const written = value ? this.#tables[table]?.put(key, value as Buffer) : this.#tables[table]?.remove(key);
          if (written === undefined || written === last) continue;
          // Changes of a batch mostly share one promise, and fail with the batch. Nobody else waits for it.
          written.catch(() => {});
          last = written;
        }
      });
    } catch (error) {
      throw new Error(await causeOf(error as CommitFailure));
    }
  }

  read(table: number, key: number): Uint8Array | undefined {
    return this.#tables[table]?.get(key);
  }

  *entries(table: number): Iterable<readonly [number, Uint8Array]> {
    for (const { key, value } of this.#tables[table]?.getRange() ?? []) yield [key, value];
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

/** The engine's error; what the disk said is the rejection of a promise in it. */
interface CommitFailure extends Error {
  readonly commitError?: Promise<never>;
}

async function causeOf({ message, commitError }: CommitFailure): Promise<string> {
  let cause: string | undefined;
  commitError?.catch((error: Error) => {
    cause = error.message;
  });
  // It comes in the same turn, or not at all.
  await new Promise(setImmediate);
  return cause ?? message;
}

function checkVersion(root: RootDatabase, path: string): void {
  const about = root.openDB<string, string>({ name: ABOUT, encoding: 'string' });
  const version = about.get('version');
  if (version === undefined) about.putSync('version', String(VERSION));
  else if (version !== String(VERSION)) {
    throw new StartFailure(
      'mqtt_store_version',
      `cannot open ${path}: it is of version ${version}, and this build reads version ${VERSION}`,
      'start the build that wrote it, or move the file aside: MQTT sessions, queued and retained messages begin anew; telemetry is in the log and is not touched',
    );
  }
}

function unreadable(path: string, cause: string): StartFailure {
  return new StartFailure(
    'mqtt_store_unreadable',
    `cannot open ${path}: ${cause}`,
    'mend the disk or bring the file back from a backup, or move it aside: MQTT sessions, queued and retained messages begin anew; telemetry is in the log and is not touched',
  );
}
