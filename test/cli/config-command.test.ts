import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { outcomeOf, runSpillway, temporaryFolder } from './run-spillway.js';

test('config check shows values with their sources and masks secrets', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'spillway.json'), '{"partitions": 8}');
  const env = { SPILLWAY_HTTP_PORT: '0', SPILLWAY_ADMIN_KEY: 'open-sesame' };
  const human = await outcomeOf(runSpillway(t, folder, ['config', 'check'], env));
  assert.equal(human.code, 0);
  assert.match(human.stdout, /^partitions +8 +file$/m);
  assert.match(human.stdout, /^http_port +0 +SPILLWAY_HTTP_PORT$/m);
  assert.match(human.stdout, /^mqtt_port +1883 +default$/m);
  assert.match(human.stdout, /^the configuration is valid$/m);
  const json = await outcomeOf(runSpillway(t, folder, ['config', 'check', '--json'], env));
  const document = JSON.parse(json.stdout);
  assert.equal(document.valid, true);
  assert.deepEqual(document.settings.partitions, { value: 8, source: 'file' });
  assert.deepEqual(document.settings.database_url, { value: null, source: 'default' });
  assert.doesNotMatch(human.stdout + json.stdout, /open-sesame/);
});

test('config check lists all problems at once and exits 1', async (t) => {
  const env = { SPILLWAY_HTTP_PORT: '-1', SPILLWAY_PARTITIONS: '0', SPILLWAY_HTTPPORT: '1' };
  const { code, stdout, stderr } = await outcomeOf(runSpillway(t, temporaryFolder(t), ['config', 'check', '--json'], env));
  assert.equal(code, 1);
  assert.equal(JSON.parse(stdout).problems.length, 3);
  assert.equal(JSON.parse(stderr).error.code, 'config_invalid');
});
