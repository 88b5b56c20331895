import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { outcomeOf, runSpillway, temporaryFolder } from './run-spillway.js';

const anyPorts = { SPILLWAY_HTTP_PORT: '0', SPILLWAY_MQTT_PORT: '0' };

test('start --json says ready in one line; SIGTERM drains and exits 0', async (t) => {
  const folder = temporaryFolder(t);
  const command = runSpillway(t, folder, ['start', '--json'], { ...anyPorts, SPILLWAY_ADMIN_KEY: 'k-1' });
  await command.until(/\n/);
  const ready = JSON.parse(command.stdout());
  assert.equal(ready.event, 'ready');
  assert.match(ready.http, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.ok(ready.mqtt_port > 0);
  assert.ok(!command.stdout().includes('k-1'), 'no secret unless it is asked for');
  assert.equal(ready.pid, command.child.pid);
  assert.equal(ready.state, join(folder, '.spillway'));
  command.child.kill('SIGTERM');
  const { code, stdout, stderr } = await outcomeOf(command);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).event);
  assert.deepEqual(events, ['ready', 'stopping', 'stopped']);
});

test('start shows people where to go and, on Ctrl-C, what was drained', async (t) => {
  const command = runSpillway(t, temporaryFolder(t), ['start'], anyPorts);
  await command.until(/console +http:\/\/127\.0\.0\.1:\d+\/#key=double-key\n/);
  await command.until(/Ctrl-C stops it/);
  assert.match(command.stdout(), /MQTT +mqtt:\/\/127\.0\.0\.1:\d+\n/);
  command.child.kill('SIGINT');
  const { code, stdout } = await outcomeOf(command);
  assert.equal(code, 0);
  assert.match(stdout, /stopping: 0 messages taken in, 0 bytes of the log not yet in the database\nstopped after \d/);
});

test('a command in another shell finds the running appliance by its state folder', async (t) => {
  const folder = temporaryFolder(t);
  const command = runSpillway(t, folder, ['start', '--json'], anyPorts);
  await command.until(/"ready".*\n/);
  const file = join(folder, '.spillway', 'address');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const listed = await outcomeOf(runSpillway(t, folder, ['device', 'list', '--json']));
  assert.deepEqual([listed.code, JSON.parse(listed.stdout).total], [0, 0]);
  const simulated = await outcomeOf(runSpillway(t, folder, ['simulate', '--register', '--devices', '2', '--seconds', '1', '--json']));
  assert.equal(simulated.code, 0, simulated.stderr);
  command.child.kill('SIGTERM');
  await outcomeOf(command);
  assert.ok(!existsSync(file));
});

test('the address of an appliance that was killed is not believed', async (t) => {
  const folder = temporaryFolder(t);
  const command = runSpillway(t, folder, ['start', '--json'], anyPorts);
  await command.until(/"ready".*\n/);
  command.child.kill('SIGKILL');
  await outcomeOf(command);
  assert.ok(existsSync(join(folder, '.spillway', 'address')));
  const listed = await outcomeOf(runSpillway(t, folder, ['device', 'list'], anyPorts));
  assert.match(listed.stderr, /http_port is 0, and no appliance runs on this state folder/);
});

test('a second Ctrl-C says that it drains, a third ends at once', async (t) => {
  const command = runSpillway(t, temporaryFolder(t), ['start'], { ...anyPorts, DOUBLE_STOP_MS: '30000' });
  await command.until(/Ctrl-C stops it/);
  command.child.kill('SIGINT');
  await command.until(/stopping: /);
  const again = setInterval(() => command.child.kill('SIGINT'), 100);
  t.after(() => clearInterval(again));
  await command.until(/still draining/);
  assert.equal(await command.code, 130);
});

test('an appliance that does not come up, or breaks later, exits 1 with the cause', async (t) => {
  const folder = temporaryFolder(t);
  const never = await outcomeOf(runSpillway(t, folder, ['start'], { ...anyPorts, DOUBLE_FAILS: 'start' }));
  assert.equal(never.code, 1);
  assert.equal(never.stderr, 'spillway: cannot open the log: it is locked\n  way out: stop the other one\n');
  const later = await outcomeOf(runSpillway(t, folder, ['start', '--json'], { ...anyPorts, DOUBLE_FAILS: 'later' }));
  assert.equal(later.code, 1);
  assert.deepEqual(JSON.parse(later.stderr).error.code, 'appliance_broken');
  const greeting = await outcomeOf(runSpillway(t, folder, ['start', '--json'], { ...anyPorts, DOUBLE_FAILS: 'greeting' }));
  assert.equal(greeting.code, 1);
  assert.match(JSON.parse(greeting.stderr).error.message, /^cannot continue: /);
  assert.match(greeting.stdout, /"event":"stopped"/, 'the appliance was stopped, so that the process can end');
});

test('a bad configuration is refused before anything starts', async (t) => {
  const { code, stdout, stderr } = await outcomeOf(runSpillway(t, temporaryFolder(t), ['start'], { SPILLWAY_MQTT_PORT: 'x' }));
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^spillway: cannot use SPILLWAY_MQTT_PORT = "x": it must be an integer; allowed: /);
});

test('the admin key is shown by the start that makes it, and when it is asked for', async (t) => {
  const folder = temporaryFolder(t);
  const outputOf = async (...args: string[]) => {
    const command = runSpillway(t, folder, ['start', ...args], anyPorts);
    await command.until(/Ctrl-C stops it|"ready"/);
    command.child.kill('SIGTERM');
    return (await outcomeOf(command)).stdout;
  };
  assert.match(await outputOf(), /admin key {2}double-key\n/);
  const second = await outputOf();
  assert.ok(!second.includes('double-key'), second);
  assert.match(second, /console {4}http:\/\/127\.0\.0\.1:\d+\/\n {2}admin key {2}in \S+\/admin-key\n/);
  assert.match(await outputOf('--show-secrets'), /#key=double-key\n {2}admin key {2}double-key\n/);
  assert.ok(!(await outputOf('--json')).includes('double-key'));
  assert.equal(JSON.parse((await outputOf('--json', '--show-secrets')).split('\n')[0] ?? '').admin_key, 'double-key');
});
