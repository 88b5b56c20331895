import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/config/config.js';
import { startApplianceDouble } from './appliance-double.js';
import { hostedOutcome } from './hosted-command.js';
import { temporaryFolder } from './run-spillway.js';

/** Runs commands in a folder that is no state folder of an appliance, and is where the user's contexts are. */
function inFolder(t: TestContext) {
  const folder = temporaryFolder(t);
  const run = (args: string, env: Record<string, string> = {}) => hostedOutcome(folder, args.split(' '), env);
  return { folder, run, file: join(folder, 'spillway', 'contexts.json') };
}

async function applianceOf(t: TestContext) {
  const config = loadConfig({ env: { SPILLWAY_HTTP_PORT: '0', SPILLWAY_MQTT_PORT: '0' }, folder: temporaryFolder(t) });
  const appliance = await startApplianceDouble(config);
  t.after(() => appliance.stop());
  return { url: appliance.httpUrl, key: appliance.adminKey };
}

test('a context is asked until --url or the environment names another appliance', async (t) => {
  const { run, file } = inFolder(t);
  const { url, key } = await applianceOf(t);
  const added = await run(`context add plant --url ${url} --json`, { SPILLWAY_ADMIN_KEY: key });
  assert.deepEqual([added.code, JSON.parse(added.stdout)], [0, { name: 'plant', url, current: 'plant' }]);
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal((await run('tenant list')).code, 0);

  const codeOf = async (args: string, env: Record<string, string> = {}) => JSON.parse((await run(`${args} --json`, env)).stderr).error.code;
  assert.equal(await codeOf('tenant list', { SPILLWAY_ADMIN_KEY: 'another-key' }), 'admin_key_invalid');
  assert.equal(await codeOf('tenant list', { SPILLWAY_HTTP_PORT: '1' }), 'admin_key_missing');
  assert.equal(await codeOf('tenant list', { SPILLWAY_CONTEXT: 'nowhere' }), 'context_unknown');
  assert.equal((await run('tenant list', { SPILLWAY_HTTP_PORT: '1', SPILLWAY_CONTEXT: 'plant' })).code, 0);
  assert.equal((await run('tenant list --context plant', { SPILLWAY_HTTP_PORT: '1', SPILLWAY_CONTEXT: 'nowhere' })).code, 0);
  assert.equal(await codeOf('tenant list --context nowhere'), 'context_unknown');
  assert.equal((await run(`tenant list --context plant --url ${url}`)).code, 2);
  // The key of a context goes to no other address.
  assert.equal(await codeOf(`tenant list --url ${url}`), 'admin_key_missing');
  await run('context use');
  assert.equal(await codeOf('tenant list'), 'admin_key_missing');
});

test('contexts are listed without their keys, changed, chosen and forgotten', async (t) => {
  const { run, file } = inFolder(t);
  assert.match((await run('context list')).stdout, /^There are no contexts\. Add one:/);
  await run('context add one --url http://one.example --key first-secret');
  const second = await run('context add two --url https://two.example --key second-secret');
  assert.equal(second.stdout, 'context two is https://two.example\n');
  assert.equal((await run('context use two')).stdout, 'context two (https://two.example) is in use\n');
  const listed = await run('context list');
  assert.equal(listed.stdout, '   NAME  URL\n   one   http://one.example\n*  two   https://two.example\n');
  await run('context add one --url http://other.example --key third-secret');
  const { contexts } = JSON.parse((await run('context list --json')).stdout);
  assert.deepEqual(contexts, [
    { name: 'one', url: 'http://other.example', is_current: false },
    { name: 'two', url: 'https://two.example', is_current: true },
  ]);
  assert.equal((await run('context rm two')).stdout, 'context two is forgotten, and none is in use\n');
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {
    current: null,
    contexts: { one: { url: 'http://other.example', key: 'third-secret' } },
  });
});

test('a context that is not there, without a key or with no address, and a damaged file are refused with a way out', async (t) => {
  const { run, file } = inFolder(t);
  for (const args of ['context rm nobody', 'context use __proto__']) {
    const refused = await run(args);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /there is none of that name\n {2}way out: add it: npx spillway context add/);
  }
  const keyless = await run('context add one --url http://one.example');
  assert.deepEqual([keyless.code, /way out: set SPILLWAY_ADMIN_KEY, or give --key/.test(keyless.stderr)], [2, true]);
  const elsewhere = await run('context add one --url one.example --key k');
  assert.deepEqual([elsewhere.code, /must be http:\/\/… or https:\/\/…/.test(elsewhere.stderr)], [2, true]);
  await run('context add one --url http://one.example --key k');
  writeFileSync(file, '{"current":"one"}');
  const damaged = await run('tenant list');
  assert.match(damaged.stderr, /^spillway: cannot read .*contexts\.json: [\s\S]*way out: mend the file/);
});
