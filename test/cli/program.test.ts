import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf, runSpillway, temporaryFolder } from './run-spillway.js';

test('help teaches: examples, environment and exit codes', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout, stderr } = await outcomeOf(runSpillway(t, folder, ['--help']));
  assert.equal(code, 0);
  assert.equal(stderr, '');
  for (const part of ['Examples:', 'Environment:', 'Exit codes:', 'simulate', 'device', 'config']) assert.ok(stdout.includes(part), part);
  const simulate = await outcomeOf(runSpillway(t, folder, ['simulate', '--help']));
  assert.equal(simulate.code, 0);
  assert.match(simulate.stdout, /open-loop/);
});

test('a usage error exits 2 with the cause and a way out on stderr', async (t) => {
  const folder = temporaryFolder(t);
  const typo = await outcomeOf(runSpillway(t, folder, ['simulat']));
  assert.equal(typo.code, 2);
  assert.equal(typo.stdout, '');
  assert.match(
    typo.stderr,
    /^spillway: cannot read the command line: unknown command 'simulat' \(Did you mean simulate\?\)\n {2}way out: /,
  );
  const value = await outcomeOf(runSpillway(t, folder, ['simulate', '--devices', '1.5', '--json']));
  assert.equal(value.code, 2);
  assert.equal(value.stdout, '');
  const { error } = JSON.parse(value.stderr);
  assert.equal(error.code, 'usage_invalid');
  assert.match(error.message, /^cannot read the command line: .*'1\.5' is invalid\. It must be a whole number from 1 to 100000\.$/);
  assert.ok(error.way_out.length > 0);
});

test('no command at all shows the help', async (t) => {
  const { code, stdout, stderr } = await outcomeOf(runSpillway(t, temporaryFolder(t), []));
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /Examples:/);
});

test('every usual way to ask for the version answers it', async (t) => {
  const folder = temporaryFolder(t);
  for (const asked of ['version', '-v', '-V', '--version']) {
    const { code, stdout } = await outcomeOf(runSpillway(t, folder, [asked]));
    assert.equal(code, 0, asked);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/, asked);
  }
});

test('a setting that does not exist names those that are near', async (t) => {
  const { code, stderr } = await outcomeOf(runSpillway(t, temporaryFolder(t), ['device', 'list'], { SPILLWAY_PORT_OF_MQTT: '1' }));
  assert.equal(code, 1);
  assert.match(stderr, /SPILLWAY_PORT_OF_MQTT: there is no such setting; the nearest are .*SPILLWAY_MQTT_PORT, /);
});
