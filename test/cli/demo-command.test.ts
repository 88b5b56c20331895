import assert from 'node:assert/strict';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { outcomeOf, runSpillway, temporaryFolder } from './run-spillway.js';

const anyPorts = { SPILLWAY_HTTP_PORT: '0', SPILLWAY_MQTT_PORT: '0' };

test('demo connects 100 devices over MQTT, says when the first row was there, and stops cleanly', async (t) => {
  const folder = temporaryFolder(t);
  const command = runSpillway(t, folder, ['demo', '--json', '--show-secrets'], anyPorts);
  await command.until(/"first_reading"/);
  const [ready, first] = command
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(ready.event, 'ready');
  assert.equal(first.event, 'first_reading');
  assert.ok(first.seconds > 0 && first.seconds < 30);
  assert.equal(statSync(join(folder, '.spillway', 'demo-token')).mode & 0o777, 0o600);
  const answer = await fetch(`${ready.http}/v1/devices?tenant=demo&limit=1000`, {
    headers: { authorization: `Bearer ${ready.admin_key}` },
  });
  assert.equal(((await answer.json()) as { total: number }).total, 100);
  command.child.kill('SIGINT');
  const { code, stderr } = await outcomeOf(command);
  assert.equal(code, 0);
  assert.equal(stderr, '');
});

test('demo shows people the console, the key and commands to try', async (t) => {
  const command = runSpillway(t, temporaryFolder(t), ['demo'], anyPorts);
  await command.until(/first reading in the database after \d+\.\d s/);
  assert.match(command.stdout(), /console +http:\/\/127\.0\.0\.1:\d+\/#key=double-key&tenant=demo\n/);
  assert.match(command.stdout(), /mosquitto_pub -h 127\.0\.0\.1 -p \d+ -i my-device -u demo/);
  assert.match(command.stdout(), /curl -H 'Authorization: Bearer double-key'/);
  command.child.kill('SIGTERM');
  assert.equal(await command.code, 0);
});

test('the simulated devices end with a demo that was killed', async (t) => {
  const command = runSpillway(t, temporaryFolder(t), ['demo', '--json'], anyPorts);
  await command.until(/"first_reading"/);
  // The fleet holds the other end of stderr: `close` comes only once both processes are gone.
  command.child.kill('SIGKILL');
  assert.equal(await command.code, null);
});

test('a demo whose token file was lost says so and gives a way out', async (t) => {
  const folder = temporaryFolder(t);
  const env = { ...anyPorts, DOUBLE_KEEPS_FLEET: '1' };
  const first = runSpillway(t, folder, ['demo', '--json'], env);
  await first.until(/"ready"/);
  first.child.kill('SIGTERM');
  assert.equal(await first.code, 0);
  const again = runSpillway(t, folder, ['demo', '--json'], env);
  await again.until(/"first_reading"/);
  again.child.kill('SIGTERM');
  assert.equal(await again.code, 0);
  rmSync(join(folder, '.spillway', 'demo-token'));
  const { code, stderr } = await outcomeOf(runSpillway(t, folder, ['demo', '--json'], env));
  assert.equal(code, 1);
  const { error } = JSON.parse(stderr);
  assert.equal(error.code, 'demo_token_missing');
  assert.match(error.way_out, /SPILLWAY_STATE=/);
});
