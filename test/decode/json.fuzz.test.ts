import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { payloadCases, RECEIVE_US } from '../cases/payloads.js';
import { fuzzScale, Random } from '../support/random.js';
import { Decoder } from './decoder.js';
import { decodeReference } from './reference.js';

const NAMES = [
  'a',
  'b',
  'temperature',
  'humidity',
  'vibration_rms_axis_x',
  'Außen',
  '温度',
  'sensor "x"',
  'ts',
  'seq',
  'metrics',
  '',
  'a\n',
];
const TEXTS = ['', 'open', 'closed', 'ein längerer Text mit 😀 und mehr als 32 Bytes', '\u0001', '"\\/', 'x'.repeat(100), '\0', '\ud800'];
const TIMES = [
  '1700000000123',
  '1700000000',
  '1700000000.5',
  'null',
  '"2023-11-14T22:13:20.123Z"',
  '"2020-02-29 01:02:03+05:30"',
  '0',
  'true',
  '"x"',
];
const SEQS = ['0', '1', '10042', '1e3', 'null', '9007199254740991', '-1', '1.5', '"1"'];
/** What a mutation puts in: the characters that grammar turns on, and bytes that belong nowhere. */
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\\u',
  '0',
  '1',
  '-',
  '.',
  'e',
  'null',
  'true',
  ' ',
  '\n',
  '\0',
  '\x80',
  '\xc3\xa9',
  '\xf0',
  'a',
];

function space(random: Random): string {
  return random.chance(0.9) ? '' : random.pick([' ', '\n', '\t', '\r\n', '   ']);
}

/** A string as JSON, at times with escapes where none are needed. */
function quoted(random: Random, text: string): string {
  if (random.chance(0.8)) return JSON.stringify(text);
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const units = text.split('').map((unit) => (random.chance(0.3) ? escaped(unit) : JSON.stringify(unit).slice(1, -1)));
  return `"${units.join('')}"`;
}

function number(random: Random): string {
  const whole = random.chance(0.3) ? '0' : `${1 + random.below(9)}${random.digits(random.below(20))}`;
  const fraction = random.chance(0.5) ? `.${random.digits(1 + random.below(18))}` : '';
  const power = random.chance(0.2) ? `${random.pick(['e', 'E'])}${random.pick(['', '+', '-'])}${random.below(330)}` : '';
  return `${random.pick(['', '-'])}${whole}${fraction}${power}`;
}

function container(random: Random, open: string, parts: string[]): string {
  const inner = parts.map((part) => `${space(random)}${part}${space(random)}`).join(',');
  return `${open}${inner || space(random)}${open === '{' ? '}' : ']'}`;
}

function anything(random: Random, depth: number): string {
  const kind = random.below(depth > 3 ? 4 : 6);
  if (kind === 0) return number(random);
  if (kind === 1) return random.pick(['true', 'false', 'null']);
  if (kind < 4) return quoted(random, random.pick(TEXTS));
  const parts = Array.from({ length: random.below(4) }, () => anything(random, depth + 1));
  if (kind === 4) return container(random, '[', parts);
  return container(
    random,
    '{',
    parts.map((part) => `${quoted(random, random.pick(NAMES))}${space(random)}:${part}`),
  );
}

/** The kernel takes ts and seq by their digits, the reference rounds them to a double: none may have more than that holds. */
function withinReference(value: string): string {
  return value
    .replace(/e[-+]?\d+/gi, '')
    .replace(/\d{15,}/g, '7')
    .replace(/(\d{3})\d*\.(\d{3})\d*/g, '$1.$2');
}

function metric(random: Random): string {
  const value = random.chance(0.6)
    ? number(random)
    : random.chance(0.9)
      ? random.pick(['true', 'false', 'null', '"on"', '"é"'])
      : anything(random, 2);
  return `${quoted(random, random.pick(NAMES.slice(0, random.chance(0.9) ? 8 : NAMES.length)))}${space(random)}:${space(random)}${value}`;
}

function payload(random: Random): string {
  const members: string[] = [];
  const add = (share: number, name: string, value: () => string) => {
    if (random.chance(share))
      members.splice(random.below(members.length + 1), 0, `${quoted(random, name)}${space(random)}:${space(random)}${value()}`);
  };
  add(0.97, 'metrics', () =>
    container(
      random,
      '{',
      Array.from({ length: random.below(4) }, () => metric(random)),
    ),
  );
  add(0.6, 'ts', () => random.pick(TIMES.slice(0, random.chance(0.9) ? 6 : TIMES.length)));
  add(0.6, 'seq', () => random.pick(SEQS.slice(0, random.chance(0.9) ? 6 : SEQS.length)));
  add(0.2, random.pick(NAMES), () => withinReference(anything(random, 1)));
  add(0.02, random.pick(['ts', 'seq', 'metrics']), () => withinReference(anything(random, 1)));
  return container(random, '{', members);
}

/** Cuts out, puts in or writes over a piece, once or a few times. */
function mutate(random: Random, bytes: Buffer): Buffer {
  let mutated = bytes;
  for (let rest = random.pick([1, 1, 2, 3]); rest > 0; rest--) {
    const at = random.below(mutated.length + 1);
    const piece = random.chance(0.7) ? Buffer.from(random.pick(PIECES), 'latin1') : Buffer.alloc(0);
    mutated = Buffer.concat([mutated.subarray(0, at), piece, mutated.subarray(at + random.below(3))]);
  }
  return mutated;
}

function check(decoder: Decoder, bytes: Uint8Array, seed: number): boolean {
  const expected = decodeReference(bytes, RECEIVE_US);
  const { code, ...held } = decoder.decode(bytes, RECEIVE_US);
  const about = `seed ${seed}: ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`;
  assert.equal(code === CODE_NONE, expected !== undefined, `${about} has code ${code}`);
  if (expected) assert.deepStrictEqual(sorted(held), sorted(expected), about);
  return code === CODE_NONE;
}

/** By name, because JavaScript puts names that look like indices first. */
function sorted<T extends { readings: [string, unknown][] }>(held: T): T {
  return { ...held, readings: held.readings.toSorted(([a], [b]) => (a < b ? -1 : 1)) };
}

test('random payloads, well formed and mutated, are accepted and read as JSON.parse does', () => {
  const decoder = new Decoder();
  const random = new Random();
  let accepted = 0;
  const cases = 40_000 * fuzzScale;
  for (let i = 0; i < cases; i++) {
    const bytes = Buffer.from(payload(random));
    if (check(decoder, random.chance(0.5) ? bytes : mutate(random, bytes), random.seed)) accepted++;
  }
  assert.ok(accepted > cases / 5 && accepted < (cases * 4) / 5, `seed ${random.seed}: ${accepted} of ${cases} accepted`);
});

test('mutated payloads of the catalogue are accepted and read as JSON.parse does', () => {
  const decoder = new Decoder();
  const random = new Random();
  // Times and sequence numbers with more digits than a double has are beyond the reference.
  const bases = payloadCases.filter(({ name, payload: bytes }) => bytes.length < 2000 && !/^(ts|seq) /.test(name));
  let accepted = 0;
  for (let i = 0; i < 20_000 * fuzzScale; i++) {
    if (check(decoder, mutate(random, Buffer.from(random.pick(bases).payload)), random.seed)) accepted++;
  }
  assert.ok(accepted > 0);
});
