import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CommandFailure } from '../command-failure.js';
import { driftNoise, evenNoise, normalNoise } from './noise.js';
import type { Series } from './series.js';

const hourMs = 3_600_000;
const PLACE = 11;
const DRIFT = 12;
const NOISE = 13;

interface Weather {
  readonly pressure: Float64Array;
  readonly temperature: Float64Array;
  readonly wind: Float64Array;
}

/**
 * The hourly weather of a year in Seattle (NOAA normals, package vega-datasets), replayed by the hour of
 * the year, between hours on a straight line. Each device lies somewhere else: warmer or colder, higher,
 * more or less in the wind, and some hours ahead or behind.
 */
export function weatherSeries(seed: number): Series {
  const weather = readWeather();
  return (device, tsMs) => {
    const trait = (index: number) => evenNoise(seed, device, PLACE, index);
    const hour = (tsMs - Date.UTC(new Date(tsMs).getUTCFullYear(), 0, 1)) / hourMs + (trait(0) - 0.5) * 12;
    const drift = driftNoise(seed, device, DRIFT, tsMs, 72 * hourMs);
    const noise = normalNoise(seed, device, NOISE, tsMs);
    const altitudeM = 400 * trait(1);
    return {
      // ICAO standard atmosphere near the ground: 6.5 K and about 120 hPa a kilometre.
      temperature: rounded(at(weather.temperature, hour) - 0.0065 * altitudeM + 2 * (trait(2) - 0.5) + drift + 0.1 * noise, 100),
      pressure: rounded(at(weather.pressure, hour) - 0.12 * altitudeM + 1.5 * drift, 10),
      wind: rounded(Math.max(0, at(weather.wind, hour) * (0.5 + trait(3)) + 0.2 * noise), 100),
    };
  };
}

function readWeather(): Weather {
  let text: string;
  try {
    const entry = createRequire(import.meta.url).resolve('vega-datasets');
    text = readFileSync(join(dirname(entry), '../data/seattle-weather-hourly-normals.csv'), 'utf8');
  } catch (error) {
    throw new CommandFailure(
      'weather_missing',
      `cannot replay weather: package vega-datasets is not installed (${(error as Error).message})`,
      {
        wayOut: 'npm install vega-datasets, or use --series daily',
      },
    );
  }
  const [head = '', ...lines] = text.trim().split(/\r?\n/);
  const names = head.split(',');
  const rows = lines.map((line) => line.split(','));
  const column = (name: string) => hourly(rows, names.indexOf('date'), names.indexOf(name));
  return { pressure: column('pressure'), temperature: column('temperature'), wind: column('wind') };
}

/** One column by hour of the year; an hour without a row has the value of the hour before. */
function hourly(rows: readonly string[][], dateIndex: number, index: number): Float64Array {
  const values = new Float64Array(365 * 24).fill(Number.NaN);
  for (const row of rows) {
    const date = Date.parse(`${row[dateIndex]}Z`);
    values[(date - Date.UTC(new Date(date).getUTCFullYear(), 0, 1)) / hourMs] = Number.parseFloat(row[index] ?? '');
  }
  let last = values.findLast((value) => !Number.isNaN(value)) ?? 0;
  return values.map((value) => {
    if (!Number.isNaN(value)) last = value;
    return last;
  });
}

function at(values: Float64Array, hour: number): number {
  const place = Math.floor(hour);
  const index = ((place % values.length) + values.length) % values.length;
  const from = values[index] as number;
  const to = values[(index + 1) % values.length] as number;
  return from + (to - from) * (hour - place);
}

function rounded(value: number, scale: number): number {
  return Math.round(value * scale) / scale;
}
