import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withoutSettings } from '../../src/cli/inherited-env.js';
import { startEmbedded } from '../../src/store/embedded/embedded.js';
import { startAppliance } from '../support/appliance.js';
import { startTestDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));
let database: TestDatabase;
let top: string;

before(async () => {
  database = await startTestDatabase();
  top = mkdtempSync(join(tmpdir(), 'spillway-failed-starts-'));
});
after(async () => {
  await database.stop();
  rmSync(top, { recursive: true, force: true });
});

/** What a start that fails says. */
async function failureOf(env: Record<string, string>): Promise<{ code: string; message: string; way_out: string }> {
  const ports = { SPILLWAY_HTTP_PORT: '0', SPILLWAY_MQTT_PORT: '0', SPILLWAY_DATABASE_URL: database.url };
  const child = spawn(process.execPath, [program, 'start', '--json'], {
    env: { ...withoutSettings(process.env), ...ports, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (bytes) => {
    stderr += bytes;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 1, stderr);
  return JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error;
}

async function taken(): Promise<{ port: number; free(): void }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as { port: number }).port, free: () => void server.close() };
}

for (const setting of ['SPILLWAY_MQTT_PORT', 'SPILLWAY_HTTP_PORT']) {
  test(`a port that is taken is refused by ${setting}, before a database is made`, async () => {
    const state = join(top, setting);
    const { port, free } = await taken();
    const { code, message, way_out } = await failureOf({ SPILLWAY_STATE: state, [setting]: String(port), SPILLWAY_DATABASE_URL: '' });
    free();
    assert.equal(code, 'port_unusable');
    assert.equal(message, `cannot listen on 127.0.0.1:${port} (${setting}): another process has the port`);
    assert.equal(way_out, `stop that process, or set ${setting} to a free port`);
    assert.equal(existsSync(join(state, 'postgres')), false);
  });
}

test('a damaged log.json, and a folder in the place of a segment, are named with a way out', async () => {
  const state = join(top, 'log');
  const first = await startAppliance({ SPILLWAY_STATE: state, SPILLWAY_DATABASE_URL: database.url });
  await first.stop();
  const partition = join(state, 'log', readdirSync(join(state, 'log')).find((name) => name !== 'log.json') ?? '');
  const segment = join(partition, readdirSync(partition).find((name) => name.endsWith('.log')) ?? '');
  rmSync(segment);
  mkdirSync(segment);
  const folder = await failureOf({ SPILLWAY_STATE: state });
  assert.ok(folder.message.includes(segment), folder.message);
  assert.match(folder.message, /it is a folder where a file of the log belongs|EISDIR/);
  assert.match(folder.way_out, /^move the folder out of the log/);
  rmSync(segment, { recursive: true });
  writeFileSync(join(state, 'log', 'log.json'), '{form');
  const damaged = await failureOf({ SPILLWAY_STATE: state });
  assert.equal(damaged.code, 'log_unusable');
  assert.ok(damaged.message.includes(`${join(state, 'log', 'log.json')} is damaged`), damaged.message);
  assert.match(damaged.way_out, /write \{"format":1,"partitions":4\} into it/);
});

test('a start on an earlier state folder without a snapshot waits for its database and says so; a first start ends', async () => {
  const state = join(top, 'waiting');
  const { port, free } = await taken();
  free();
  const env = { SPILLWAY_STATE: state, SPILLWAY_DATABASE_URL: database.url, SPILLWAY_HTTP_PORT: String(port) };
  const first = await startAppliance(env);
  await first.stop();
  rmSync(join(state, 'registry-snapshot.jsonl'));
  const server = await startEmbedded(database.folder, { sync: false });
  await server.stop();
  try {
    const never = await failureOf({ SPILLWAY_STATE: join(top, 'new') });
    assert.match(never.message, /^cannot connect to the database at 127\.0\.0\.1:\d+\/spillway: .*ECONNREFUSED/);
    const again = startAppliance(env);
    const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
    await until('it says that it waits', async () => (await ask('/readyz'))?.status === 503);
    const ready = (await (await ask('/readyz'))?.json()) as { status: string; reason: string };
    assert.deepEqual([ready.status, (await ask('/healthz'))?.status], ['not ready', 200]);
    assert.match(ready.reason, /^cannot connect to the database at .*ECONNREFUSED/);
    const refused = (await (await ask('/v1/devices'))?.json()) as { error: { code: string } };
    assert.equal(refused.error.code, 'database_unavailable');
    await startEmbedded(database.folder, { sync: false });
    const appliance = await again;
    await until('it is ready', async () => (await ask('/readyz'))?.status === 200);
    await appliance.stop();
  } finally {
    await startEmbedded(database.folder, { sync: false });
  }
});

test('a start that waits for its database ends at SIGTERM', async () => {
  const state = join(top, 'ended');
  const url = database.url.replace(/:\d+\//, ':1/');
  mkdirSync(join(state, 'log'), { recursive: true });
  writeFileSync(join(state, 'log', 'log.json'), '{"format":1,"partitions":4}\n');
  const child = spawn(process.execPath, [program, 'start', '--json'], {
    env: {
      ...withoutSettings(process.env),
      SPILLWAY_STATE: state,
      SPILLWAY_DATABASE_URL: url,
      SPILLWAY_HTTP_PORT: '0',
      SPILLWAY_MQTT_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (bytes) => {
    stdout += bytes;
  });
  await until('it waits', () => stdout.includes('database-awaited'));
  child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  assert.equal(code, 0, stdout);
});

test('a temporary folder that does not exist is no obstacle', async () => {
  const appliance = await startAppliance({ TMPDIR: join(top, 'nowhere'), SPILLWAY_DATABASE_URL: database.url });
  await appliance.stop();
  assert.equal(appliance.output().includes('nowhere'), false);
});
