import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/config.js';
import { startApplianceDouble } from './appliance-double.js';
import { hostedOutcome } from './hosted-command.js';
import { temporaryFolder } from './run-spillway.js';

test('a key is made, listed and revoked', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await startApplianceDouble(loadConfig({ env: { SPILLWAY_HTTP_PORT: '0', SPILLWAY_MQTT_PORT: '0' }, folder }));
  t.after(() => appliance.stop());
  const run = (...args: string[]) => hostedOutcome(folder, ['key', ...args, '--url', appliance.httpUrl]);
  assert.equal((await run('add', 'ci')).stdout, 'key 2 (ci) is made\n  key  the-key-of-ci   (shown this once)\n');
  assert.match(
    (await run('list')).stdout,
    /^ID +NAME +ROLE +SEES +MADE .*\n1 +first +admin +all +2024-\S+ +never +not yet\n2 +ci +admin +all +2024-\S+ /,
  );
  assert.equal((await run('rm', '2')).stdout, 'key 2 (ci) is revoked\n');
  const last = await run('rm', '1', '--json');
  assert.deepEqual([last.code, JSON.parse(last.stderr).error.code], [1, 'key_last']);
  assert.equal((await run('rm', 'ci')).code, 2);
});
