import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateMeter } from '../../../src/control/live/rate-meter.js';
import { PlaneDouble } from '../../support/plane-double.js';

const zero = new PlaneDouble().totals;

test('a rate is what was counted over the time that passed', () => {
  const meter = new RateMeter();
  assert.deepEqual(meter.rates, { messagesPerSecond: 0, readingsPerSecond: 0, connections: 0 });
  meter.sample({ ...zero, accepted: 1000, connections: 2 }, 5000);
  assert.deepEqual(meter.rates, { messagesPerSecond: 0, readingsPerSecond: 0, connections: 2 });
  meter.sample({ ...zero, accepted: 1500, readings: 900, textReadings: 100, connections: 3 }, 7000);
  assert.deepEqual(meter.rates, { messagesPerSecond: 250, readingsPerSecond: 500, connections: 3 });
});

test('a clock that stands still keeps the last rate; counters that restart give none below zero', () => {
  const meter = new RateMeter();
  meter.sample({ ...zero, accepted: 10 }, 1000);
  meter.sample({ ...zero, accepted: 20 }, 2000);
  meter.sample({ ...zero, accepted: 99 }, 2000);
  assert.equal(meter.rates.messagesPerSecond, 10);
  meter.sample({ ...zero, accepted: 0 }, 3000);
  assert.equal(meter.rates.messagesPerSecond, 0);
});
