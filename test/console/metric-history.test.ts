import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ReadPoints, readHistory } from '../../src/console/data/metric-history.js';
import { Series, seriesPointsMax } from '../../src/console/data/series.js';

const nowMs = 1_700_000_000_000;

/** A metric with a point each `stepMs` up to now, as the API pages it. */
function metric(stepMs: number): { read: ReadPoints; calls: () => number } {
  let calls = 0;
  const read: ReadPoints = async ({ from, to, limit }) => {
    calls++;
    const points = [];
    const first = Math.ceil(from / stepMs) * stepMs;
    for (let ms = first; ms <= Math.min(to, nowMs) && points.length <= limit; ms += stepMs)
      points.push({ ts: new Date(ms).toISOString(), value: ms });
    return { ok: true, value: { points: points.slice(0, limit), truncated: points.length > limit } };
  };
  return { read, calls: () => calls };
}

async function load(read: ReadPoints, windowMs: number): Promise<Series> {
  const series = new Series();
  const refusal = await readHistory(read, { from: nowMs - windowMs, to: nowMs + windowMs, nowMs }, (points) => {
    for (const point of points) series.add(Date.parse(point.ts), point.value as number);
  });
  assert.equal(refusal, undefined);
  return series;
}

test('a sparse metric comes in one call, whole', async () => {
  const { read, calls } = metric(1000);
  const series = await load(read, 900_000);
  assert.equal(series.length, 901);
  assert.equal(calls(), 1);
});

test('a metric of several pages comes whole when the chart can hold it', async () => {
  const { read } = metric(50);
  const series = await load(read, 900_000);
  assert.equal(series.length, 18_001);
  assert.equal(series.lastMs, nowMs);
});

test('of a metric too dense for the chart the newest points come', async () => {
  const { read, calls } = metric(1);
  const series = await load(read, 900_000);
  assert.equal(series.lastMs, nowMs);
  assert.ok(series.length > seriesPointsMax / 2);
  assert.ok(calls() <= 4);
});

test('a call that fails gives its refusal', async () => {
  const refusal = { code: 'unreachable', message: '', wayOut: '' };
  const read: ReadPoints = async () => ({ ok: false, refusal });
  assert.equal(await readHistory(read, { from: 0, to: 1, nowMs: 1 }, () => {}), refusal);
});
