import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { lastLine, runBench } from './run-bench.js';

describe('bench:ingest', { skip: generatorMissing() ?? false }, () => {
  for (const qos of ['0', '1']) {
    test(`at QoS ${qos} ends with one line that says what was sent and stored`, async () => {
      const result = await lastLine('ingest', '--qos', qos, '--connections', '2', '--devices', '20', '--seconds', '0.5', '--rate', '4000');
      const named = ['messages', 'rows', 'seconds', 'messagesPerSecond', 'cpuUsPerMessage', 'ackMs', 'rowsExpected', 'copyCeiling'];
      assert.deepEqual(Object.keys(result).slice(0, 8), named);
      assert.deepEqual(Object.keys(result.cpuUsPerMessage), ['gateway', 'log', 'pipeline', 'store', 'main', 'database', 'total']);
      assert.deepEqual(Object.keys(result.ackMs), ['p50', 'p95', 'p99', 'p999', 'max']);
      assert.equal(result.messages, 2000);
      assert.equal(result.rows, result.messages * 2);
      assert.equal(result.rowsExpected, result.rows);
      assert.ok(result.copyCeiling > 0);
      assert.ok(['psql', 'client'].includes(result.copyBy));
      assert.equal(typeof result.ackMs.p50, qos === '1' ? 'number' : 'object');
    });
  }

  test('twice, with a number of partitions: the median, the lowest and the highest', async () => {
    const result = await lastLine('ingest', '--store', 'null', '--runs', '2', '--partitions', '2', '--seconds', '0.2', '--rate', '9000');
    assert.equal(result.runs, 2);
    assert.equal(result.messages, 1800);
    assert.equal(result.settings.partitions, 2);
    assert.ok(result.min.seconds <= result.seconds && result.seconds <= result.max.seconds);
    assert.ok(result.min.cpuUsPerMessage.gateway <= result.max.cpuUsPerMessage.gateway);
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
  await assert.rejects(runBench('ingest', ['--qos', '2']), { code: 2, stderr: /--qos must be 0 or 1: the gateway does not take QoS 2/ });
});
