import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { withoutSettings } from '../../src/cli/inherited-env.js';
import { startEmbedded } from '../../src/store/embedded/embedded.js';
import { committed } from '../support/api.js';
import { startAppliance } from '../support/appliance.js';
import { assertUntouched, lettersOf, readingsOf, register, send, strangers } from '../support/device-readings.js';
import { undoStepsAfter } from '../support/older-schema.js';
import { until } from '../support/until.js';

// The log holds messages under numbers of devices. Whatever becomes of the database, no reading of a device of one tenant may turn
// up as one of another device, in another tenant.

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-identity-'));
const data = join(stateFolder, 'postgres', 'data');
const backup = join(stateFolder, 'backup');

after(() => rmSync(stateFolder, { recursive: true, force: true }));

const start = () => startAppliance({ SPILLWAY_STATE: stateFolder, SPILLWAY_PARTITIONS: '2', SPILLWAY_CHECKPOINT_SECONDS: '1' });

async function spillway(...args: readonly string[]): Promise<string> {
  const env = { ...withoutSettings(process.env), SPILLWAY_STATE: stateFolder };
  return (await promisify(execFile)(process.execPath, [program, ...args], { env })).stdout;
}

describe('a database that is not the one before', () => {
  before(async () => {
    const appliance = await start();
    await register(appliance, 'default', ['a-1', 'a-2']);
    await send(appliance, 'a-1', 1, 3);
    await committed(appliance);
    await appliance.stop();
    cpSync(data, backup, { recursive: true, preserveTimestamps: true });
  });

  test('restored from a backup: what was registered since is lost, and no later device inherits it', async () => {
    let appliance = await start();
    await register(appliance, 'default', ['a-3', 'a-4']);
    await send(appliance, 'a-1', 4, 6);
    await send(appliance, 'a-3', 1, 4);
    await committed(appliance);
    await appliance.stop();

    rmSync(data, { recursive: true });
    cpSync(backup, data, { recursive: true, preserveTimestamps: true });
    appliance = await start();
    try {
      assert.match(appliance.output(), /"devicesLost":2,"metricsLost":0,"msg":"database-older-than-log"/);
      await register(appliance, 'evil', ['newcomer', 'newcomer-2', 'newcomer-3']);
      await committed(appliance);
      for (const id of ['newcomer', 'newcomer-2', 'newcomer-3']) await assertUntouched(appliance, 'evil', id);
      assert.equal(await strangers(appliance.databaseUrl), 0);
      assert.deepEqual(await readingsOf(appliance, 'default', 'a-1'), [1, 2, 3, 4, 5, 6]);
      assert.deepEqual(await lettersOf(appliance), Array(4).fill('device_lost'));
    } finally {
      await appliance.stop();
    }
  });

  test('deleted: the start is refused, until somebody says what becomes of the log', async () => {
    rmSync(data, { recursive: true });
    await assert.rejects(start(), /log_of_other_database.*npx spillway log set-aside/s);

    assert.match(await spillway('log', 'adopt'), /the next start takes the log over/);
    const appliance = await start();
    try {
      await register(appliance, 'evil', ['newcomer', 'newcomer-2', 'newcomer-3']);
      await committed(appliance);
      for (const id of ['newcomer', 'newcomer-2', 'newcomer-3']) await assertUntouched(appliance, 'evil', id);
      assert.equal(await strangers(appliance.databaseUrl), 0);
      assert.deepEqual(new Set(await lettersOf(appliance)), new Set(['device_lost']));
    } finally {
      await appliance.stop();
    }
  });

  test('set aside: the log is kept apart, and the new one has nothing of it', async () => {
    rmSync(data, { recursive: true });
    await assert.rejects(start(), /log_of_other_database/);
    assert.match(await spillway('log', 'set-aside', '--json'), /"set_aside":".*set-aside/);
    const appliance = await start();
    try {
      await register(appliance, 'evil', ['newcomer']);
      await committed(appliance);
      await assertUntouched(appliance, 'evil', 'newcomer');
      assert.deepEqual(await lettersOf(appliance), []);
      await register(appliance, 'default', ['b-1']);
      await send(appliance, 'b-1', 1, 3);
      await until('there is a checkpoint', () => checkpoints().length > 0);
    } finally {
      await appliance.stop();
    }
  });

  test('an installation of a release that knew no identity keeps its rows, its log and what was not committed', async () => {
    await makeOlder();
    const appliance = await start();
    try {
      await committed(appliance);
      assert.deepEqual(await readingsOf(appliance, 'default', 'b-1'), [1, 2, 3]);
      await assertUntouched(appliance, 'evil', 'newcomer');
      assert.match(appliance.output(), /checkpoint_older/);
    } finally {
      await appliance.stop();
    }
    // From then on it is known.
    rmSync(data, { recursive: true });
    await assert.rejects(start(), /log_of_other_database/);
  });
});

function checkpoints(): string[] {
  const folder = join(stateFolder, 'checkpoints');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.checkpoint'));
}

/** Makes of the state folder what that release left: no mark, a schema without identity, checkpoints of version 1; and takes the last batch back. */
async function makeOlder(): Promise<void> {
  rmSync(join(stateFolder, 'log-database.json'));
  const server = await startEmbedded(join(stateFolder, 'postgres'));
  const sql = postgres(server.url, { max: 1 });
  try {
    await undoStepsAfter(sql, 8);
    await sql`delete from readings`;
    await sql`update pipeline_offsets set committed_offset = 0`;
  } finally {
    await sql.end();
    await server.stop();
  }
  for (const name of checkpoints()) {
    const file = join(stateFolder, 'checkpoints', name);
    const bytes = readFileSync(file);
    bytes.writeUInt16LE(1, 4);
    writeFileSync(file, bytes);
  }
}
