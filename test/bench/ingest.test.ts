import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { lastLine, runBench, startBench } from './run-bench.js';

async function appliancePid(bench: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: bench.stdout! })) {
    const [, pid] = /^the appliance is process (\d+)$/.exec(line) ?? [];
    if (pid !== undefined) return Number(pid);
  }
  throw new Error('cannot find the appliance: the bench ended before it said where it is');
}

describe('bench:ingest', { skip: generatorMissing() ?? false }, () => {
  const small = ['--connections', '2', '--devices', '20', '--seconds', '0.5', '--rate', '4000'];

  test('at QoS 1 ends with one line that says what was sent and stored', async () => {
    const result = await lastLine('ingest', '--qos', '1', ...small);
    const named = ['messages', 'rows', 'seconds', 'messagesPerSecond', 'cpuUsPerMessage', 'ackMs', 'rowsExpected', 'copyCeiling'];
    assert.deepEqual(Object.keys(result).slice(0, 8), named);
    assert.deepEqual(Object.keys(result.cpuUsPerMessage), ['gateway', 'log', 'pipeline', 'store', 'main', 'database', 'total', 'broker']);
    assert.deepEqual(Object.keys(result.ackMs), ['p50', 'p95', 'p99']);
    assert.equal(result.messages, 2000);
    assert.equal(result.rows, 4000);
    assert.equal(result.rowsExpected, result.rows);
    assert.ok(result.copyCeiling > 0 && result.copyCeilingBare > 0);
    assert.ok(['psql', 'client'].includes(result.copyBy));
    assert.ok(result.ackMs.p50 > 0 && result.ackTailMs.max >= result.ackMs.p99);
  });

  test('interrupted, it ends the appliance and removes its folder', async () => {
    const bench = startBench('ingest', ['--store', 'null', '--seconds', '60', '--rate', '100']);
    const exited = once(bench, 'exit');
    const pid = await appliancePid(bench);
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    bench.kill('SIGTERM');
    assert.deepEqual(await exited, [130, null]);
    assert.equal(existsSync(`/proc/${pid}`), false);
    assert.equal(existsSync(folder), false);
  });
});

test('bench:ingest without a TimescaleDB server, and a bad option, say what is missing', {
  skip: generatorMissing() ?? false,
}, async () => {
  const { SPILLWAY_DATABASE_URL: _, ...env } = process.env;
  await assert.rejects(runBench('ingest', ['--store', 'timescale'], env), {
    code: 1,
    stderr: /SPILLWAY_DATABASE_URL does not name a server/,
  });
  await assert.rejects(runBench('ingest', ['--qos', '3']), { code: 2, stderr: /--qos must be 0, 1 or 2/ });
});
