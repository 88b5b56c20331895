import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ADMIN_KEY, type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.js';
import { hostedOutcome } from './hosted-command.js';
import { temporaryFolder } from './run-spillway.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
});
after(() => server.close());

type Run = (...args: string[]) => ReturnType<typeof hostedOutcome>;

function runIn(folder: string): Run {
  return (...args) => hostedOutcome(folder, [...args, '--url', server.url], { SPILLWAY_ADMIN_KEY: ADMIN_KEY });
}

test('devices are imported from CSV, found, changed, put into groups, and exported again', async (t) => {
  const folder = temporaryFolder(t);
  const run = runIn(folder);
  const file = join(folder, 'fleet.csv');
  writeFileSync(file, 'device_id,token,model,groups\na-1,token-of-a-1,M,north\na-2,,M,\na/3,,,\n');
  const dry = await run('device', 'import', file, '--dry-run', '--create-groups');
  assert.equal(dry.code, 1);
  assert.match(
    dry.stdout,
    /^3 rows: 2 devices would be created, 0 would be changed, 0 unchanged, 1 failed\n {2}line 4 \(a\/3\): device_id must not hold/,
  );
  const done = await run('device', 'import', file, '--create-groups', '--json');
  const report = JSON.parse(done.stdout);
  assert.deepEqual([report.created, report.failed, report.tokens.length], [2, 1, 1]);
  assert.equal(JSON.parse(done.stderr).error.code, 'rows_failed');

  assert.equal((await run('group', 'add', 'north/hall')).code, 0);
  assert.match((await run('group', 'put', 'north/hall', 'a-2', 'ghost')).stdout, /^1 devices put in.* north\/hall has 1; not known: ghost/);
  assert.match((await run('group', 'list')).stdout, /^north +1 +2 /m);
  assert.match((await run('group', 'mv', 'north', 'south')).stdout, /^Group north is south now/);
  const set = await run('device', 'set', 'a-1', '--tag', 'line=2', '--lat', '52.5', '--lon', '13.4', '--firmware', '1.2', '--model', '');
  assert.match(set.stdout, /^a-1 is changed: firmware_version, model, location, tags/);
  const shown = await run('device', 'show', 'a-1');
  for (const line of [/^ {2}tags +line=2$/m, /^ {2}location +52\.5, 13\.4$/m, /^ {2}groups +south$/m]) assert.match(shown.stdout, line);
  assert.match((await run('device', 'list', '--group', 'south', '--tag', 'line=2')).stdout, /^a-1 [\s\S]*1 of 1 devices that match, of 2/m);
  assert.equal((await run('device', 'set', 'a-1')).code, 2);

  const exported = join(folder, 'out.csv');
  assert.match((await run('device', 'export', exported)).stdout, /^2 devices written to /);
  assert.match(readFileSync(exported, 'utf8'), /^device_id,status,.*\na-1,active,,1\.2,,,,,,52\.5,13\.4,,line=2,south,\n/);
  const again = await run('device', 'import', exported);
  assert.equal(again.code, 0);
  assert.match(again.stdout, /0 devices created, 0 changed, 2 unchanged, 0 failed/);
  assert.equal((await run('device', 'import', join(folder, 'nowhere.csv'))).code, 1);
  assert.match((await run('group', 'rm', 'south/hall')).stdout, /^Group south\/hall is deleted; 1 devices left it/);
});
