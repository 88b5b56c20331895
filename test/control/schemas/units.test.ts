import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Conversion, compose, conversionOf, convert } from '../../../src/control/schemas/units/convert.js';
import { unitNames, units } from '../../../src/control/schemas/units/table.js';

function conversion(from: string, to: string): Conversion {
  const found = conversionOf(from, to);
  assert.ok(typeof found !== 'string', `${from} to ${to}: ${found}`);
  return found;
}

// From the definitions of the units, not from the table.
const known: readonly (readonly [value: number, from: string, to: string, wanted: number])[] = [
  [212, '[degF]', 'Cel', 100],
  [-40, '°F', '°C', -40],
  [70.7, '[degF]', 'Cel', 21.5],
  [21.5, 'Cel', '[degF]', 70.7],
  [293.65, 'K', 'Cel', 20.5],
  [671.67, '[degR]', '[degF]', 212],
  [100, '[psi]', 'kPa', 689.4757293168361],
  [1013.25, 'hPa', 'Pa', 101_325],
  [1, 'bar', 'kPa', 100],
  [10, '[ft_i]', 'm', 3.048],
  [36, 'km/h', 'm/s', 10],
  [100, '[mi_i]/h', 'km/h', 160.9344],
  [1, '[gal_us]', 'L', 3.785411784],
  [1, 'kW.h', 'MJ', 3.6],
  [3005, 'mV', 'V', 3.005],
  [60, '/min', 'Hz', 1],
  [1, '[lb_av]', 'g', 453.59237],
  [48.2, '%RH', '%', 48.2],
  [90, 'min', 'h', 1.5],
  [180, 'deg', 'rad', Math.PI],
  [1, 'KiBy', 'By', 1024],
];

test('values come out in the other unit as the units are defined, to the last digit', () => {
  for (const [value, from, to, wanted] of known) assert.equal(convert(conversion(from, to), value), wanted, `${value} ${from} in ${to}`);
});

test('tenths of a degree in °F that are halves of one in °C are exactly those', () => {
  const toCelsius = conversion('[degF]', 'Cel');
  for (let halves = -80; halves <= 800; halves++) assert.equal(convert(toCelsius, (halves * 9 + 320) / 10), halves / 2);
});

test('every unit of a quantity becomes every other one and comes back', () => {
  for (const names of unitNames().values()) {
    for (const from of names) {
      for (const to of names) {
        const back = convert(conversion(to, from), convert(conversion(from, to), 12.5));
        assert.ok(Math.abs(back - 12.5) < 1e-9, `${from} to ${to} and back is ${back}`);
      }
    }
  }
  assert.ok(units.size > 100);
});

test('a scale of the device comes before the unit', () => {
  const tenths = compose({ scale: 0.1, offset: 0, divisor: 1 }, conversion('[degF]', 'Cel'));
  assert.ok(Math.abs(convert(tenths, 2120) - 100) < 1e-12);
  const shifted = compose({ scale: 2, offset: 10, divisor: 1 }, conversion('km', 'm'));
  assert.equal(convert(shifted, 5), 20_000);
});

test('units of two quantities, and units that nobody knows, do not become each other', () => {
  assert.equal(conversionOf('Cel', 'kPa'), 'Cel is a unit of temperature, kPa one of pressure');
  assert.equal(conversionOf('furlong', 'm'), 'unit furlong is not in the table of units');
  assert.deepEqual(conversionOf('pulses', 'pulses'), { scale: 1, offset: 0, divisor: 1 });
});
