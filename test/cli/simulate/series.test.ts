import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dailySeries } from '../../../src/cli/simulate/daily-series.js';
import { driftNoise, evenNoise, normalNoise } from '../../../src/cli/simulate/noise.js';
import { weatherSeries } from '../../../src/cli/simulate/weather-series.js';

const noon = Date.UTC(2024, 5, 1, 12);
const hourMs = 3_600_000;

test('noise is even, normal and smooth as its names say', () => {
  const even = Array.from({ length: 10_000 }, (_, place) => evenNoise(1, 2, 3, place));
  assert.ok(even.every((value) => value >= 0 && value < 1));
  assert.ok(Math.abs(mean(even) - 0.5) < 0.02);
  const normal = Array.from({ length: 5000 }, (_, place) => normalNoise(1, 2, 3, place));
  assert.ok(Math.abs(mean(normal)) < 0.06);
  assert.ok(Math.abs(mean(normal.map((value) => value ** 2)) - 1) < 0.08);
  for (let at = 0; at < 1000; at++) assert.ok(Math.abs(driftNoise(1, 2, 3, at + 1, 100) - driftNoise(1, 2, 3, at, 100)) < 0.05);
});

for (const [name, open] of Object.entries({ daily: dailySeries, weather: weatherSeries })) {
  test(`${name}: equal seeds give equal values, other seeds and devices other ones`, () => {
    assert.deepEqual(open(7)(3, noon), open(7)(3, noon));
    assert.notDeepEqual(open(7)(3, noon), open(8)(3, noon));
    assert.notDeepEqual(open(7)(3, noon), open(7)(4, noon));
    const series = open(7);
    for (let device = 0; device < 50; device++) {
      for (let hour = 0; hour < 48; hour++) {
        for (const value of Object.values(series(device, noon + hour * hourMs))) assert.ok(Number.isFinite(value));
      }
    }
  });
}

test('daily: the temperature peaks in the afternoon and the battery stays a battery', () => {
  const series = dailySeries(1);
  let warmer = 0;
  for (let device = 0; device < 100; device++) {
    const day = Date.UTC(2024, 2, 10);
    const { battery = 0, humidity = 0 } = series(device, day);
    assert.ok(battery > 3 && battery < 4.3);
    assert.ok(humidity >= 0 && humidity <= 100);
    if (series(device, day + 15 * hourMs).temperature! > series(device, day + 3 * hourMs).temperature!) warmer++;
  }
  assert.ok(warmer > 95, `${warmer} of 100 devices are warmer at 15:00 than at 03:00`);
});

test('weather: summers are warmer than winters, pressure is that of air, hours are joined without steps', () => {
  const series = weatherSeries(1);
  const average = (month: number) =>
    mean(Array.from({ length: 50 }, (_, device) => series(device, Date.UTC(2024, month, 15, 12)).temperature!));
  assert.ok(average(6) > average(0) + 8);
  for (let device = 0; device < 50; device++) {
    const { pressure = 0, wind = -1 } = series(device, noon);
    assert.ok(pressure > 930 && pressure < 1060);
    assert.ok(wind >= 0);
    assert.ok(Math.abs(series(device, noon).temperature! - series(device, noon + 60_000).temperature!) < 1.5);
  }
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
