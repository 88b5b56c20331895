import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const bench = fileURLToPath(new URL('../../bench/ingest.js', import.meta.url));

for (const qos of ['0', '1']) {
  test(`bench:ingest at QoS ${qos} ends with one line that says what was sent and stored`, async () => {
    const args = ['--json', '--qos', qos, '--connections', '2', '--devices', '20', '--seconds', '0.5', '--rate', '4000'];
    const { stdout } = await run(process.execPath, [bench, ...args]);
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!);
    const named = ['messages', 'rows', 'seconds', 'messagesPerSecond', 'cpuUsPerMessage', 'ackMs', 'rowsExpected', 'copyCeiling'];
    assert.deepEqual(Object.keys(result).slice(0, 8), named);
    assert.deepEqual(Object.keys(result.cpuUsPerMessage), ['gateway', 'log', 'pipeline', 'store', 'main', 'database', 'total']);
    assert.deepEqual(Object.keys(result.ackMs).slice(0, 3), ['p50', 'p95', 'p99']);
    assert.ok(result.messages > 0);
    assert.equal(result.rows, result.messages * 2);
    assert.equal(result.rowsExpected, result.rows);
    assert.ok(result.copyCeiling > 0);
    assert.equal(typeof result.ackMs.p50, qos === '1' ? 'number' : 'object');
  });
}

test('bench:ingest --store timescale without a server, and a bad option, say what is missing', async () => {
  const env = { ...process.env };
  delete env.SPILLWAY_DATABASE_URL;
  await assert.rejects(run(process.execPath, [bench, '--store', 'timescale'], { env }), {
    code: 1,
    stderr: /SPILLWAY_DATABASE_URL does not name a server/,
  });
  await assert.rejects(run(process.execPath, [bench, '--qos', '2']), {
    code: 2,
    stderr: /--qos must be 0 or 1: the gateway does not take QoS 2/,
  });
});
