import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_JSON_MALFORMED, CODE_NONE, CODE_NUMBER_OUT_OF_RANGE, CODE_SEQ_MALFORMED } from '../../assembly/abi/codes.js';
import { PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import { DECODED_AT_VALUE, DECODED_OFFSET, DECODED_READING_BYTES } from '../../assembly/abi/pipeline.js';
import { RECEIVE_US } from '../cases/payloads.js';
import { fuzzScale, Random } from '../support/random.js';
import { Decoder } from './decoder.js';

const NUMBERS_PER_MESSAGE = 256;
const BATCH_BYTES = PAYLOAD_BYTES_MAX / 2;
const decoder = new Decoder();
const names = Array.from({ length: NUMBERS_PER_MESSAGE }, (_, i) => `m${i}`);
for (const name of names) decoder.addMetric(name);

/** Decodes `texts`, finite numbers all, in one message and compares each with what JavaScript reads. */
function compare(texts: string[], seed: number): void {
  const code = decoder.probe(Buffer.from(`{"metrics":{${texts.map((text, i) => `"${names[i]}":${text}`).join()}}}`), RECEIVE_US);
  assert.equal(code, CODE_NONE, `seed ${seed}: ${texts.join()}`);
  assert.equal(decoder.kernel.decodedCount(), texts.length);
  texts.forEach((text, i) => {
    const value = decoder.memory.view.getFloat64(DECODED_OFFSET + i * DECODED_READING_BYTES + DECODED_AT_VALUE, true);
    assert.ok(Object.is(value, Number(text)), `seed ${seed}: ${text} is ${Number(text)}, decoded as ${value}`);
  });
}

/** Runs `cases` numbers from `next` through the decoder; what JavaScript reads as infinite must be refused. */
function fuzz(cases: number, next: (random: Random) => string): void {
  const random = new Random();
  let batch: string[] = [];
  let batchBytes = 0;
  for (let i = 0; i < cases * fuzzScale; i++) {
    const text = next(random);
    if (Number.isFinite(Number(text))) batch.push(text);
    else
      assert.equal(decoder.decode(`{"metrics":{"m0":${text}}}`, RECEIVE_US).code, CODE_NUMBER_OUT_OF_RANGE, `seed ${random.seed}: ${text}`);
    batchBytes += text.length;
    if (batch.length < NUMBERS_PER_MESSAGE && batchBytes < BATCH_BYTES) continue;
    compare(batch, random.seed);
    batch = [];
    batchBytes = 0;
  }
  compare(batch.length > 0 ? batch : ['0'], random.seed);
}

/** The JSON text of digits with a point somewhere, or none, and an exponent such that the value is digits * 10^exponent. */
function written(random: Random, digits: string, exponent: number): string {
  const pointAt = random.below(digits.length + 1);
  const whole = digits.slice(0, pointAt).replace(/^0+(?=.)/, '') || '0';
  const fraction = digits.slice(pointAt);
  const power = exponent + fraction.length;
  const suffix = power === 0 ? '' : `${random.pick(['e', 'E'])}${power > 0 && random.chance(0.5) ? '+' : ''}${power}`;
  return `${random.chance(0.5) ? '-' : ''}${whole}${fraction ? `.${fraction}` : ''}${suffix}`;
}

const bits = new DataView(new ArrayBuffer(8));

function doubleOf(high: number, low: number): number {
  bits.setUint32(0, high);
  bits.setUint32(4, low);
  return bits.getFloat64(0);
}

function randomDouble(random: Random): number {
  // Now and then a subnormal, or one next to a power of two: the neighbours below it are nearer.
  const exponent = random.chance(0.2) ? 0 : random.below(0x7ff);
  const low = random.chance(0.2) ? random.pick([0, 1, 0xffffffff]) : random.word();
  return doubleOf((exponent << 20) | (random.chance(0.2) ? random.pick([0, 0xfffff]) : random.below(0x100000)), low);
}

/** mantissa * 2^power in full: its digits, and the power of ten of the last one. */
function exactDecimal(mantissa: bigint, power: number): [digits: string, exponent: number] {
  if (power >= 0) return [(mantissa << BigInt(power)).toString(), 0];
  return [(mantissa * 5n ** BigInt(-power)).toString(), power];
}

/** The exact decimal of the midpoint between a positive double and the next. */
function midpoint(value: number): [digits: string, exponent: number] {
  bits.setFloat64(0, value);
  const all = bits.getBigUint64(0);
  const exponent = Number(all >> 52n);
  const mantissa = (all & (2n ** 52n - 1n)) | (exponent === 0 ? 0n : 2n ** 52n);
  return exactDecimal(mantissa * 2n + 1n, Math.max(exponent, 1) - 1023 - 53);
}

test('random decimals of 1 to 40 digits are rounded as JavaScript rounds them', () => {
  fuzz(120_000, (random) => written(random, random.digits(1 + random.below(40)), random.below(700) - 370));
});

test('short decimals, as devices send them, are rounded as JavaScript rounds them', () => {
  fuzz(60_000, (random) => written(random, random.digits(1 + random.below(19)), random.below(30) - 20));
});

test('doubles come back from their shortest and their 17-digit form', () => {
  fuzz(30_000, (random) => {
    const value = randomDouble(random);
    return random.chance(0.5) ? JSON.stringify(value) : value.toExponential(16);
  });
});

test('midpoints of neighbouring doubles, and what lies just beside them, are rounded as JavaScript rounds them', () => {
  fuzz(6_000, (random) => {
    const [significant, exponent] = midpoint(randomDouble(random));
    const digits = random.chance(0.1) ? `${'0'.repeat(900)}${significant}` : significant;
    const way = random.below(4);
    if (way === 0) return written(random, digits, exponent);
    const zeros = random.pick([0, 1, 30, 900]);
    if (way === 1) return written(random, `${digits}${'0'.repeat(zeros)}1`, exponent - zeros - 1);
    const below = (BigInt(digits) - 1n).toString().padStart(digits.length, '0');
    if (way === 2) return written(random, `${below}${'9'.repeat(zeros)}`, exponent - zeros);
    const kept = 1 + random.below(Math.min(digits.length, 960));
    return written(random, digits.slice(0, kept), exponent + digits.length - kept);
  });
});

test('midpoints of integers just above 2^53 in 19 and 20 digits', () => {
  fuzz(20_000, (random) => {
    const [digits, exponent] = midpoint(
      doubleOf((random.pick([1023 + 53, 1023 + 60, 1023 + 63]) << 20) | random.below(0x100000), random.word()),
    );
    return written(random, digits, exponent);
  });
});

test('a number of 120,000 digits is rounded exactly', () => {
  const [digits, exponent] = midpoint(1 / 3);
  const point = `0.${'0'.repeat(-exponent - digits.length)}${digits}`;
  for (const text of [point, `${point}${'0'.repeat(119_000)}`, `${point}${'0'.repeat(119_000)}1`, `${'9'.repeat(120_000)}e-120000`]) {
    compare([text], 0);
  }
});

test('whole numbers of every length, and short ones with a point, are read as far as they go', () => {
  const random = new Random();
  for (let digits = 1; digits <= 24; digits++) {
    for (let round = 0; round < 40; round++) {
      const whole = `${1 + random.below(9)}${random.digits(digits - 1)}`;
      for (const text of [whole, `-${whole}`, `0${whole}`, `${whole}.0`, `${whole}.`, `${whole}e0`, `${whole}E`, `.${whole}`]) {
        const valid = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text);
        const isSeq = Number.isSafeInteger(Number(text)) && Number(text) >= 0;
        const what = `seed ${random.seed}: ${text}`;
        const { code, seq } = decoder.decode(`{"metrics":{"m0":1},"seq":${text}}`, RECEIVE_US);
        assert.equal(code, !valid ? CODE_JSON_MALFORMED : isSeq ? CODE_NONE : CODE_SEQ_MALFORMED, what);
        if (code === CODE_NONE) assert.equal(seq, Number(text), what);
      }
      for (const fraction of ['.', '.5', '.05', '.250', `.${random.digits(1 + random.below(12))}`, '.5.', '.5e', '.5e-3', '.-5']) {
        const text = `${random.chance(0.2) ? '-' : ''}${random.chance(0.2) ? '0' : ''}${whole}${fraction}`;
        const valid = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text);
        const { code, readings } = decoder.decode(`{"metrics":{"m0":${text}}}`, RECEIVE_US);
        assert.equal(code, valid ? CODE_NONE : CODE_JSON_MALFORMED, `seed ${random.seed}: ${text}`);
        if (valid) assert.deepEqual(readings, [['m0', Number(text)]], `seed ${random.seed}: ${text}`);
      }
    }
  }
});

/** How many of the numbers of one message were whole ones that no double is. */
function roundedIn(texts: readonly string[]): number {
  const code = decoder.probe(Buffer.from(`{"metrics":{${texts.map((text, i) => `"${names[i]}":${text}`).join()}}}`), RECEIVE_US);
  assert.equal(code, CODE_NONE, texts.join());
  return decoder.kernel.decodedRounded();
}

test('whole numbers that no double is are counted, and nothing else is', () => {
  const two70 = (2n ** 70n).toString();
  const held = ['9007199254740992', '-9007199254740994', '2882429806056570880', '100000000000000000000', '1e300', two70, '0', '1', '21.53'];
  const measured = ['0.1', '9007199254740993.5', '123456789012345678901234567890.5', '90071992547409931e1', '1.23456789012345678901e25'];
  const rounded = ['9007199254740993', '-9007199254740993', '2882429806056571124', '18446744073709551615', `${two70.slice(0, -1)}5`];
  for (const text of [...held, ...measured]) assert.equal(roundedIn([text]), 0, text);
  for (const text of [...rounded, '123456789012345678901234567890']) assert.equal(roundedIn([text]), 1, text);
  assert.equal(roundedIn([...held, ...rounded, ...measured]), rounded.length);
  assert.equal(roundedIn(['1']), 0, 'of the message before it nothing is left');
});

test('random whole numbers are counted as rounded when BigInt says so', () => {
  const random = new Random();
  for (let i = 0; i < 5000 * fuzzScale; i++) {
    const digits = `${1 + random.below(9)}${random.digits(14 + random.below(random.pick([4, 10, 100]) as number))}`;
    const whole = random.chance(0.5) ? digits : (BigInt(Number(digits)) + BigInt(random.below(3) - 1)).toString();
    assert.equal(roundedIn([whole]), BigInt(Number(whole)) === BigInt(whole) ? 0 : 1, `seed ${random.seed}: ${whole}`);
  }
});
