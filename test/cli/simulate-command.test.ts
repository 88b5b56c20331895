import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_DONE } from '../../assembly/abi/block.js';
import { COUNTER_PIPELINE_DUPLICATE, COUNTER_PIPELINE_REBOOTS, COUNTER_PIPELINE_STORED } from '../../assembly/abi/counters.js';
import { LATEST_OFFSET } from '../../assembly/abi/pipeline.js';
import { STATEMENT_AT_RUNS } from '../../assembly/abi/state.js';
import { loadConfig } from '../../src/config/config.js';
import { TestKernel } from '../support/pipeline-kernel.js';
import { startApplianceDouble } from './appliance-double.js';
import { outcomeOf, runSpillway, temporaryFolder } from './run-spillway.js';

async function applianceIn(folder: string, ports = { SPILLWAY_HTTP_PORT: '0', SPILLWAY_MQTT_PORT: '0' }) {
  return startApplianceDouble(loadConfig({ env: ports, folder }));
}

for (const protocol of ['mqtt', 'http']) {
  test(`simulate over ${protocol}: every message arrives once, and the report says so`, async (t) => {
    const folder = temporaryFolder(t);
    const appliance = await applianceIn(folder);
    t.after(() => appliance.stop());
    const env = { SPILLWAY_HTTP_PORT: String(appliance.httpPort), SPILLWAY_MQTT_PORT: String(appliance.ports.mqtt) };
    const args = [
      'simulate',
      '--register',
      '--devices',
      '5',
      '--rate',
      '200',
      '--seconds',
      '1',
      '--report-seconds',
      '0.3',
      '--protocol',
      protocol,
      '--json',
    ];
    const { code, stdout, stderr } = await outcomeOf(runSpillway(t, folder, args, env));
    assert.equal(code, 0, stderr);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const finished = events.at(-1);
    assert.equal(finished.event, 'finished');
    assert.ok(events.some((event) => event.event === 'progress'));
    assert.equal(finished.sent, 200);
    assert.equal(finished.acked, 200);
    assert.ok(finished.ack_ms.p50 > 0 && finished.ack_ms.p50 <= finished.ack_ms.p99);
    const numbers = appliance.fleet.messages.map(({ device, payload }) => `${device} ${payload.seq}`);
    assert.equal(new Set(numbers).size, 200);
    assert.equal(appliance.fleet.messages.length, 200);
    assert.deepEqual(Object.keys(appliance.fleet.messages[0]!.payload.metrics), ['temperature', 'humidity', 'battery']);
  });
}

test('a simulation that is started again is a reboot of its devices: all is stored, and no number is missing', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  t.after(() => appliance.stop());
  const args = ['simulate', '--register', '--devices', '2', '--rate', '100', '--seconds', '0.5', '--protocol', 'http'];
  for (const _run of [1, 2]) {
    const { code, stderr } = await outcomeOf(runSpillway(t, folder, args, { SPILLWAY_HTTP_PORT: String(appliance.httpPort) }));
    assert.equal(code, 0, stderr);
  }
  const devices = [...new Set(appliance.fleet.messages.map(({ device }) => device))];
  const records = appliance.fleet.messages.map(({ device, payload }) => ({
    device: 1 + devices.indexOf(device),
    receiveUs: payload.ts * 1000,
    payload: JSON.stringify(payload),
  }));
  const kernel = new TestKernel();
  assert.equal(kernel.run(records), BLOCK_DONE);
  const counters = [COUNTER_PIPELINE_STORED, COUNTER_PIPELINE_DUPLICATE, COUNTER_PIPELINE_REBOOTS];
  assert.deepEqual(
    counters.map((counter) => kernel.counter(counter)),
    [100, 0, 2],
  );
  for (const device of [1, 2]) {
    assert.equal(kernel.kernel.account(device), 1);
    const [first, last] = [0, 8].map((at) => kernel.memory.view.getBigUint64(LATEST_OFFSET + STATEMENT_AT_RUNS + at, true));
    assert.deepEqual([first, last], [0n, 24n]);
  }
});

test('devices whose connections break come back with backoff and lose nothing', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  t.after(() => appliance.stop());
  const args = [
    'simulate',
    '--register',
    '--devices',
    '3',
    '--rate',
    '60',
    '--seconds',
    '4',
    '--report-seconds',
    '0.2',
    '--url',
    appliance.httpUrl,
  ];
  const command = runSpillway(t, folder, [...args, '--port', String(appliance.ports.mqtt), '--json'], {});
  await command.until(/"progress"/);
  appliance.dropConnections();
  const { code, stdout, stderr } = await outcomeOf(command);
  assert.equal(code, 0, stderr);
  const finished = JSON.parse(stdout.trim().split('\n').at(-1)!);
  assert.equal(finished.acked, 240);
  assert.equal(new Set(appliance.fleet.messages.map(({ device, payload }) => `${device} ${payload.seq}`)).size, 240);
});

test('a wrong token and nobody listening exit 1 and say why', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  const args = ['simulate', '--devices', '2', '--seconds', '0.2', '--token', 'wrong', '--port', String(appliance.ports.mqtt)];
  const refused = await outcomeOf(runSpillway(t, folder, args));
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^spillway: cannot deliver every message: Connection refused: Bad (User Name|username) or Password/im);
  await appliance.stop();
  const gone = await outcomeOf(runSpillway(t, folder, args));
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /ECONNREFUSED/);
});

test('Ctrl-C ends a simulation with its summary', async (t) => {
  const folder = temporaryFolder(t);
  const appliance = await applianceIn(folder);
  t.after(() => appliance.stop());
  const at = ['--url', appliance.httpUrl, '--port', String(appliance.ports.mqtt)];
  const command = runSpillway(t, folder, [
    'simulate',
    '--register',
    '--devices',
    '2',
    '--rate',
    '100',
    '--report-seconds',
    '0.1',
    '--series',
    'weather',
    ...at,
  ]);
  await command.until(/acked [1-9]/);
  command.child.kill('SIGINT');
  const { code, stdout } = await outcomeOf(command);
  assert.equal(code, 0);
  assert.match(stdout, /^done after [\d.]+ s: sent \d+ .* ack p50 [\d.]+ ms p99 [\d.]+ ms/m);
  assert.deepEqual(Object.keys(appliance.fleet.messages[0]!.payload.metrics), ['temperature', 'pressure', 'wind']);
});
