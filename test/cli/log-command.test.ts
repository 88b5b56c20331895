import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runSpillway, temporaryFolder } from './run-spillway.js';

const MARK = 'log-database.json';

test('log adopt lets any database take the log over; log set-aside moves it away and says where', async (t) => {
  const folder = temporaryFolder(t);
  const env = { SPILLWAY_STATE: folder };
  writeFileSync(join(folder, MARK), '{"database":"one","devices":7,"metrics":2}');
  const adopted = runSpillway(t, folder, ['log', 'adopt', '--json'], env);
  assert.equal(await adopted.code, 0, adopted.stderr());
  assert.deepEqual(JSON.parse(adopted.stdout()), { adopted: true, database: 'one' });
  assert.deepEqual(JSON.parse(readFileSync(join(folder, MARK), 'utf8')), {
    database: null,
    devices: 7,
    metrics: 2,
    adopted: ['one'],
    refused: [],
  });

  const aside = runSpillway(t, folder, ['log', 'set-aside', '--json'], env);
  assert.equal(await aside.code, 0, aside.stderr());
  assert.deepEqual(readdirSync(JSON.parse(aside.stdout()).set_aside), [MARK]);
  assert.ok(!existsSync(join(folder, MARK)));
});

test('a log that cannot be adopted, and a state folder that is none, are refused with code and way out', async (t) => {
  const folder = temporaryFolder(t);
  const refusals = [
    ['log_mark_missing', folder],
    ['state_folder_unusable', join(folder, 'nowhere')],
  ] as const;
  for (const [code, state] of refusals) {
    const command = runSpillway(t, folder, ['log', 'adopt', '--json'], { SPILLWAY_STATE: state });
    assert.equal(await command.code, 1);
    const { error } = JSON.parse(command.stderr());
    assert.deepEqual([error.code, typeof error.way_out], [code, 'string']);
  }
});
