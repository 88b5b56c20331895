import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_NONE, CODE_TS_MALFORMED, CODE_TS_OUT_OF_RANGE } from '../../assembly/abi/codes.js';
import { TS_AHEAD_US_MAX, TS_US_MIN } from '../../assembly/abi/limits.js';
import { readTimeUs } from '../../src/contract/iso-time.js';
import { payloadCases, RECEIVE_US } from '../cases/payloads.js';
import { fuzzScale, Random } from '../support/random.js';
import { Decoder } from './decoder.js';

const decoder = new Decoder();
decoder.addMetric('a');

function decodeTs(text: string, receiveUs = RECEIVE_US): { code: number; us: number } {
  const code = decoder.probe(Buffer.from(`{"ts":${text},"metrics":{"a":1}}`), receiveUs);
  return { code, us: decoder.kernel.decodedTsUs() };
}

/** 9999-01-01: as receive time it lets every time of the fuzz pass. */
const LATE_US = 253_370_764_800_000_000;

test('random ISO 8601 times are read as Date reads them, to the microsecond', () => {
  const random = new Random();
  for (let i = 0; i < 30_000 * fuzzScale; i++) {
    const ms = Date.UTC(2000, 0, 2) + random.below(200 * 366 * 86_400) * 1000 + random.below(1000);
    const offsetMinutes = random.chance(0.5) ? random.below(2 * 1439 + 1) - 1439 : 0;
    const local = new Date(ms + offsetMinutes * 60_000).toISOString();
    const digits = random.digits(random.below(7));
    const offset = Math.abs(offsetMinutes);
    const hhmm = [Math.floor(offset / 60), offset % 60].map((part) => String(part).padStart(2, '0')).join(':');
    const zone = offsetMinutes === 0 ? random.pick(['Z', '+00:00', '-00:00']) : `${offsetMinutes < 0 ? '-' : '+'}${hhmm}`;
    const text = `"${local.slice(0, 10)}${random.pick(['T', ' '])}${local.slice(11, 23)}${digits}${zone}"`;
    const expected = ms * 1000 + Number(digits.slice(0, 3).padEnd(3, '0'));
    assert.deepEqual(decodeTs(text, LATE_US), { code: CODE_NONE, us: expected }, `seed ${random.seed}: ${text}`);
  }
});

test('random dates, most of them impossible, are accepted only if the calendar has them', () => {
  const random = new Random();
  const two = (value: number) => String(value).padStart(2, '0');
  for (let i = 0; i < 20_000 * fuzzScale; i++) {
    const [year, month, day] = [2000 + random.below(400), random.below(14), random.below(33)];
    const text = `${year}-${two(month)}-${two(day)}T00:00:00Z`;
    const date = new Date(Date.UTC(year, month - 1, day));
    const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && month > 0;
    const decoded = decodeTs(`"${text}"`, LATE_US);
    assert.equal(decoded.code, exists ? CODE_NONE : CODE_TS_MALFORMED, `seed ${random.seed}: ${text}`);
    if (exists) assert.equal(decoded.us, date.getTime() * 1000, `seed ${random.seed}: ${text}`);
  }
});

test('random numbers of seconds, ms, µs and ns are exact to the microsecond, however they are written', () => {
  const random = new Random();
  for (let i = 0; i < 30_000 * fuzzScale; i++) {
    const us = BigInt(TS_US_MIN) + (BigInt(random.word()) * BigInt(RECEIVE_US - TS_US_MIN)) / 2n ** 32n;
    const decimals = random.pick([6, 3, 0]);
    const digits = us.toString();
    const beyond = random.digits(random.below(20));
    const whole = digits.slice(0, digits.length - decimals);
    const fraction = `${digits.slice(digits.length - decimals)}${beyond}`;
    const nanoseconds = `${digits}${random.digits(3)}${beyond ? `.${beyond}` : ''}`;
    const scientific = `${digits[0]}.${digits.slice(1)}${beyond}e${digits.length - 1 - decimals}`;
    const text = random.pick([fraction ? `${whole}.${fraction}` : whole, nanoseconds, scientific]);
    assert.deepEqual(decodeTs(text), { code: CODE_NONE, us: Number(us) }, `seed ${random.seed}: ${text}`);
  }
});

test('a ts is accepted up to a day ahead of its receive time, not beyond', () => {
  const latest = RECEIVE_US + TS_AHEAD_US_MAX;
  assert.deepEqual(decodeTs(`${latest}`), { code: CODE_NONE, us: latest });
  assert.equal(decodeTs(`${latest + 1}`).code, CODE_TS_OUT_OF_RANGE);
  assert.deepEqual(decodeTs(`${TS_US_MIN}`), { code: CODE_NONE, us: TS_US_MIN });
  assert.equal(decodeTs(`${TS_US_MIN - 1}`).code, CODE_TS_OUT_OF_RANGE);
});

/** A text that is a time or nearly one: each part in one of its forms, at times with a piece changed. */
function timeText(random: Random): string {
  const two = (below: number) => String(random.below(below)).padStart(2, '0');
  const isExtended = random.chance(0.6);
  const [dash, colon] = random.chance(0.9) ? (isExtended ? ['-', ':'] : ['', '']) : [random.pick(['-', '']), random.pick([':', ''])];
  const seconds = () => `${colon}${two(62)}${random.chance(0.5) ? `${random.pick(['.', ','])}${random.digits(random.below(12))}` : ''}`;
  const minutes = () => `${colon}${two(61)}${random.chance(0.7) ? seconds() : ''}`;
  const hour = random.pick([two(25), '24', '23']);
  const rest = hour === '24' && random.chance(0.7) ? random.pick(['', `${colon}00`, `${colon}00${colon}00`]) : minutes();
  const zone = random.pick([
    'Z',
    'z',
    ...['+', '-'].map((sign) => `${sign}${two(25)}${random.pick(['', '00', ':30', ':0', two(61)])}`),
    '',
  ]);
  const date = `20${two(100)}${dash}${two(14)}${dash}${two(33)}`;
  const number = `${1 + random.below(9)}${random.digits(7 + random.below(14))}${random.pick(['', '', `.${random.digits(random.below(5))}`, 'e2', 'E-1'])}`;
  const text = random.chance(0.2) ? number : `${date}${random.pick(['T', 't', ' '])}${hour}${rest}${zone}`;
  if (random.chance(0.8)) return text;
  const at = random.below(text.length + 1);
  return `${text.slice(0, at)}${random.pick(['', '0', '9', ':', '-', '+', '.', ',', 'T', ' ', 'Z'])}${text.slice(at + random.below(2))}`;
}

test('queries read the times that devices may send, and no others', () => {
  const random = new Random();
  let read = 0;
  for (let i = 0; i < 60_000 * fuzzScale; i++) {
    const text = timeText(random);
    const decoded = decodeTs(JSON.stringify(text), LATE_US);
    const us = readTimeUs(text);
    const isInRange = us !== undefined && us >= BigInt(TS_US_MIN) && us <= BigInt(LATE_US) + BigInt(TS_AHEAD_US_MAX);
    assert.equal(decoded.code === CODE_NONE, isInRange, `seed ${random.seed}: ${text}`);
    if (!isInRange) continue;
    assert.equal(decoded.us, Number(us), `seed ${random.seed}: ${text}`);
    read++;
  }
  assert.ok(read > 10_000 * fuzzScale);
});

test('every ts of the catalogue that is a number or a text is read alike by queries', () => {
  let compared = 0;
  for (const { name, payload, code, tsUs } of payloadCases) {
    if (!name.startsWith('ts ') || ![CODE_NONE, CODE_TS_MALFORMED, CODE_TS_OUT_OF_RANGE].includes(code)) continue;
    const { ts } = JSON.parse(
      Buffer.from(payload)
        .toString()
        .replace(/"ts":([-\d.eE+]+),/, '"ts":"$1",'),
    ) as { ts: unknown };
    if (typeof ts !== 'string') continue;
    const us = readTimeUs(ts);
    if (code === CODE_NONE) assert.equal(us, BigInt(tsUs as number), name);
    if (code === CODE_TS_MALFORMED) assert.equal(us, undefined, name);
    compared++;
  }
  assert.ok(compared > 80);
});
