import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mosquitto } from '../../bench/peers/mosquitto.js';
import { lastLine } from './run-bench.js';

test('bench:broker, small: every message comes once and in order, in each pattern', async () => {
  const result = await lastLine('broker', '--messages', '2000', '--fan', '20', '--without', 'mochi');
  for (const name of ['oneToOne0', 'oneToOne1', 'oneToOne2', 'fanOut', 'fanIn']) {
    assert.equal(result[name].spillway.delivered, 2000, name);
    assert.equal(result[name].mosquitto?.delivered, Mosquitto.find() && 2000, name);
    assert.equal(result[name].mochi, null);
  }
});
