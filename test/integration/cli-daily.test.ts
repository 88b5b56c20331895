import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import mqtt from 'mqtt';
import { outcomeOf, type RunningCommand, runSpillway } from '../cli/run-spillway.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const baseMs = 1_790_000_000_000;
const time = (index: number) => new Date(baseMs + index).toISOString();
let appliance: Appliance;

before(async () => {
  appliance = await startAppliance();
  await call(appliance, 'POST', '/v1/devices', { device_id: 'daily', token: 'daily-token' });
  for (let n = 0; n < 3; n++) await ingest({ ts: baseMs + n, metrics: { temp: 20 + n, mode: `m${n}` }, seq: n + 1 });
  await ingest({ ts: baseMs + 2, metrics: { temp: 22, mode: 'm2' }, seq: 3 });
  await committed(appliance);
});

after(() => appliance?.stop());

async function ingest(payload: unknown): Promise<void> {
  const headers = { authorization: 'Bearer daily-token', 'content-type': 'application/json' };
  const { status } = await fetch(`${appliance.http}/v1/ingest/daily`, { method: 'POST', headers, body: JSON.stringify(payload) });
  assert.equal(status, 202);
}

function start(t: TestContext, ...args: string[]): RunningCommand {
  return runSpillway(t, appliance.stateFolder, [...args, '--url', appliance.http], { SPILLWAY_ADMIN_KEY: appliance.adminKey });
}

/** What a command that succeeds writes to stdout. */
async function shown(t: TestContext, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await outcomeOf(start(t, ...args));
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

test('status, lag and alerts say what the appliance does', async (t) => {
  const status = await shown(t, 'status');
  assert.match(status, /^ready\n +acknowledgement +an acknowledged message is on the disk of this machine: one copy\n/);
  assert.match(
    status,
    /\n +devices +1\n +connections +0\n +rates +\S+ messages\/s, \S+ readings\/s\n +lag +0 bytes, 0 ms: the database keeps up\n/,
  );
  const document = JSON.parse(await shown(t, 'status', '--json'));
  assert.deepEqual([document.status, document.stats.devices, document.lag.lag_bytes, document.failures], ['ready', 1, 0, []]);
  assert.match(await shown(t, 'lag'), /^lag +0 bytes, 0 ms: [\s\S]*\nPARTITION +RUNS HERE +DURABLE[\s\S]*\n0 +yes +\d+ /);
  assert.deepEqual(Object.keys(JSON.parse(await shown(t, 'alerts', '--json'))), ['alerts']);
});

test('the ledger is that of all, of a tenant, of a device', async (t) => {
  await until('the books were checked', async () => (await call<{ balanced: boolean | null }>(appliance, 'GET', '/v1/ledger')).balanced);
  const counts = '4 +\\S+ +3 +1 +0 +0 +0 +0 +yes';
  assert.match(await shown(t, 'ledger'), new RegExp(`\\nappliance +${counts}\\n[\\s\\S]*tenant default +${counts}\\n`));
  assert.match(await shown(t, 'ledger', '--tenant', 'default'), new RegExp(`^OF +RECEIVED [^\\n]+\\ndefault +${counts}\\n`));
  const device = await shown(t, 'ledger', '--device', 'daily');
  assert.match(device, new RegExp(`\\ndaily +${counts}\\nsequence 1 to 3: \\d received, 0 missing\\n`));
  const unknown = await outcomeOf(start(t, 'ledger', '--tenant', 'nobody', '--json'));
  assert.deepEqual([unknown.code, JSON.parse(unknown.stderr).error.code], [1, 'tenant_unknown']);
});

test('a query writes time and value a line, up to its limit, and says when more follow', async (t) => {
  const range = ['--from', time(0), '--to', time(10)];
  const lines = (await shown(t, 'query', 'daily', 'temp', ...range)).split('\n');
  assert.deepEqual(
    lines.slice(0, -1).map((line) => line.split(/ +/)[1]),
    ['20', '21', '22'],
  );
  assert.ok(lines.every((line, n) => line === '' || Date.parse(line.split(' ')[0] ?? '') === baseMs + n));
  assert.match(await shown(t, 'query', 'daily', 'mode', ...range), / {2}"m0"\n/);
  const cut = await outcomeOf(start(t, 'query', 'daily', 'temp', ...range, '--limit', '2'));
  assert.deepEqual([cut.code, cut.stdout.trim().split('\n').length], [0, 2]);
  assert.match(cut.stderr, /^more readings follow, after \S+ \(.+\); --limit 2 was reached\n$/);
  const { points, truncated } = JSON.parse(await shown(t, 'query', 'daily', 'temp', ...range, '--limit', '2', '--json'));
  assert.deepEqual([points.length, truncated], [2, true]);
});

test('tail shows the latest values, then readings as they come, until Ctrl-C', async (t) => {
  const tail = start(t, 'tail', 'daily');
  await tail.until(/Ctrl-C ends\n/);
  await ingest({ metrics: { live: 7.5 } });
  await tail.until(/ {2}live {2}7\.5\n/);
  tail.child.kill('SIGINT');
  const { code, stdout, stderr } = await outcomeOf(tail);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^METRIC +VALUE +TIME +AGE\n[\s\S]*temp +22 +\S+ +\S/);
  const unknown = await outcomeOf(start(t, 'tail', 'nobody', '--json'));
  assert.deepEqual([unknown.code, JSON.parse(unknown.stderr).error.code], [1, 'device_unknown']);
});

test('trace shows each message of a device with what became of it, until Ctrl-C, which ends the capture', async (t) => {
  await call(appliance, 'POST', '/v1/devices', { device_id: 'traced', token: 'traced-token' });
  const trace = start(t, 'trace', '--device', 'traced');
  await trace.until(/capture \d+ for 60 s/);
  const options = { clientId: 'traced', username: 'default', password: 'traced-token', protocolVersion: 5, reconnectPeriod: 0 } as const;
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options);
  const publish = (topic: string, payload: string) => client.publishAsync(topic, payload, { qos: 1 });
  await publish('devices/traced/telemetry', JSON.stringify({ ts: baseMs, metrics: { temp: 21.5, door: 'open' }, seq: 1 }));
  await publish('devices/traced/telemetry', JSON.stringify({ ts: baseMs, metrics: { temp: 21.5, door: 'open' }, seq: 1 }));
  await publish('devices/traced/telemetry', '{"metrics": 1');
  await publish('zigbee2mqtt/traced', '{"battery": 90}');
  await publish('devices/daily/telemetry', '{"metrics": {"v": 1}}').catch(() => undefined);
  await trace.until(/refused {2}traced {2}mqtt {2}"devices\/daily\/telemetry" {2}topic_forbidden: /);
  trace.child.kill('SIGINT');
  const { code, stdout } = await outcomeOf(trace);
  assert.equal(code, 0);
  const line = (pattern: string) => assert.match(stdout, new RegExp(`^\\S+Z {2}${pattern}$`, 'm'));
  line('stored {2}traced {2}mqtt qos 1 {2}auto 66 bytes {2}temp=21.5 door="open"');
  line('duplicate {2}traced {2}mqtt qos 1 {2}auto 66 bytes {2}temp=21.5 door="open"');
  line('dead_letter {2}traced {2}mqtt qos 1 {2}auto 13 bytes {2}json_malformed: [^;]+; payload "\\{\\\\"metrics\\\\": 1"');
  line('stored {2}traced {2}mqtt qos 1 {2}"zigbee2mqtt/traced" by rule zigbee2mqtt\\S* {2}json 15 bytes {2}battery=90');
  const { captures } = await call<{ captures: { state: string }[] }>(appliance, 'GET', '/v1/debug/captures');
  assert.deepEqual(
    captures.map(({ state }) => state),
    ['ended'],
  );
  await client.endAsync(true);
});

test('trace shows clients that are not let in, without what they show as a token', async (t) => {
  const trace = start(t, 'trace', '--unknown', '--seconds', '600', '--json');
  await until('it is captured', async () => {
    const { captures } = await call<{ captures: { state: string }[] }>(appliance, 'GET', '/v1/debug/captures');
    return captures.some(({ state }) => state === 'running');
  });
  const connect = (clientId: string, username: string) =>
    mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, { clientId, username, password: 'S3CRET', reconnectPeriod: 0 });
  await assert.rejects(connect('stranger', 'default'));
  await assert.rejects(connect('daily', 'default'));
  await trace.until(/credentials_invalid/);
  trace.child.kill('SIGTERM');
  const { code, stdout } = await outcomeOf(trace);
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /S3CRET/);
  const seen = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    seen.map(({ event, verdict, reason, device_id: id, tenant }) => [event, verdict, reason, id, tenant]),
    [
      ['message', 'refused', 'device_unknown', 'stranger', 'default'],
      ['message', 'refused', 'credentials_invalid', 'daily', 'default'],
    ],
  );
  const both = await outcomeOf(start(t, 'trace', '--unknown', '--device', 'daily'));
  assert.equal(both.code, 2);
  const unknown = await outcomeOf(start(t, 'trace', '--device', 'nobody', '--json'));
  assert.deepEqual([unknown.code, JSON.parse(unknown.stderr).error.code], [1, 'device_unknown']);
});
