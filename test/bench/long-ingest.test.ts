import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { lastLine } from './run-bench.js';

describe('bench:ingest', { skip: generatorMissing() ?? false }, () => {
  const small = ['--connections', '2', '--devices', '20', '--seconds', '0.5', '--rate', '4000'];

  test('at QoS 0, twice, with a number of partitions: the median, the lowest and the highest', async () => {
    const result = await lastLine('ingest', '--store', 'null', '--runs', '2', '--partitions', '2', ...small);
    assert.equal(result.runs, 2);
    assert.deepEqual([result.messages, result.rows, result.copyCeiling, result.ackMs.p50], [2000, 4000, null, null]);
    assert.equal(result.settings.partitions, 2);
    assert.ok(result.min.seconds <= result.seconds && result.seconds <= result.max.seconds);
    assert.ok(result.min.cpuUsPerMessage.gateway <= result.max.cpuUsPerMessage.gateway);
  });

  test('at QoS 2 every message is acknowledged, and measured until PUBCOMP', async () => {
    const result = await lastLine('ingest', '--store', 'null', '--qos', '2', ...small);
    assert.deepEqual([result.messages, result.rows], [2000, 4000]);
    assert.ok(result.ackMs.p50 > 0 && result.ackTailMs.max >= result.ackMs.p99);
  });
});
