import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN_KEY, startServerUnderTest } from '../support/server-under-test.js';
import { hostedOutcome } from './hosted-command.js';
import { temporaryFolder } from './run-spillway.js';

test('a topic rule is made, tried, listed with its conflicts, and deleted', async (t) => {
  const server = await startServerUnderTest();
  t.after(() => server.close());
  const folder = temporaryFolder(t);
  const env = { SPILLWAY_ADMIN_KEY: ADMIN_KEY };
  const run = (...args: string[]) => hostedOutcome(folder, ['topic-rule', ...args, '--url', server.url], env);
  const fields = ['--pattern', 'site/{room}/{device}', '--device', 'level:device', '--decoder', 'text', '--value-name', '{room}'];
  assert.equal((await run('add', 'site', ...fields)).stdout, 'topic rule site is made, at position 1 of tenant default\n');
  assert.equal((await run('add', 'all', '--pattern', 'site/#', '--decoder', 'json', '--position', '1')).code, 0);
  const listed = await run('list');
  assert.match(listed.stdout, /^POSITION +NAME +PATTERN +DEVICE +DECODER\n1 +all +site\/# +connection +json\n2 +site +site\/\{room\}/);
  assert.match(listed.stdout, /\nbuilt-in +tasmota +tele\/\{device\}\/SENSOR /);
  assert.match(listed.stderr, /^site \(site\/\{room\}\/\{device\}\) gets no message: all its topics are those of all \(site\/#\)\n/);
  assert.equal((await run('rm', 'all')).stdout, 'topic rule all of tenant default is deleted\n');
  const tried = await run('test', 'site/attic/t-1', '47.5');
  assert.match(tried.stdout, /^rule site, decoder text\nDEVICE +METRIC +VALUE +UNIT +TIME\nt-1 +attic +47\.5 +- +\d{4}-/);
  const unknown = JSON.parse((await run('test', 'yard/t-1', '{}', '--json')).stdout);
  assert.deepEqual([unknown.rule, unknown.reason], [null, 'topic_unknown']);
  assert.equal((await run('test', 'site/attic/t-1')).code, 2);
  const gone = await run('rm', 'all', '--json');
  assert.deepEqual([gone.code, JSON.parse(gone.stderr).error.code], [1, 'topic_rule_unknown']);
});
