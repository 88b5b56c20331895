import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
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
