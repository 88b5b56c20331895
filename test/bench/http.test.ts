import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastLine } from './run-bench.js';

test('bench:http, small: every message is acknowledged and stored, and every latest value is the right one', async () => {
  const { ingest, latest } = await lastLine('http', '--seconds', '0.5', '--connections', '4');
  for (const load of [ingest, latest]) {
    assert.ok(load.requests >= 4);
    assert.ok(load.requestsPerSecond > 0 && load.processCpuUsPerRequest > 0);
    assert.ok(load.answerMs.p50 <= load.answerMs.p99);
  }
});
