import { driftNoise, evenNoise, normalNoise } from './noise.js';
import type { Series } from './series.js';

const dayMs = 86_400_000;

// Noise channels; a channel of normalNoise takes sixteen numbers of its own.
const PLACE = 1;
const DRIFT = 2;
const TEMPERATURE = 3;
const HUMIDITY = 4;
const BATTERY = 5;

/**
 * A sensor outdoors: temperature follows the sun with its peak in the afternoon, humidity goes against
 * it, the battery charges by day and drains by night. Base, swing, phase, drift and noise differ by device.
 */
export function dailySeries(seed: number): Series {
  return (device, tsMs) => {
    const trait = (index: number) => evenNoise(seed, device, PLACE, index);
    const base = 8 + 16 * trait(0);
    const swing = 2 + 6 * trait(1);
    // Within three hours of the mean: sites lie east and west, and walls are slow to warm.
    const phase = (trait(2) - 0.5) * 0.25;
    const sun = Math.cos(2 * Math.PI * (tsMs / dayMs - 0.625 - phase));
    const drift = driftNoise(seed, device, DRIFT, tsMs, 9 * dayMs) * 3;
    const temperature = base + swing * sun + drift + normalNoise(seed, device, TEMPERATURE, tsMs) * 0.15;
    const humidity = 62 + 20 * (trait(3) - 0.5) - 2.2 * swing * sun - 2 * drift + normalNoise(seed, device, HUMIDITY, tsMs) * 0.6;
    const battery = 3.75 + 0.1 * trait(4) + 0.18 * sun + normalNoise(seed, device, BATTERY, tsMs) * 0.004;
    return {
      temperature: rounded(temperature, 100),
      humidity: rounded(Math.min(100, Math.max(0, humidity)), 10),
      battery: rounded(battery, 1000),
    };
  };
}

function rounded(value: number, scale: number): number {
  return Math.round(value * scale) / scale;
}
