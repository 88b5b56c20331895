import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode as decodeMessagePack } from '@msgpack/msgpack';
import { Decoder as CborX } from 'cbor-x';
import { decode as decodeCbor2 } from 'cbor2';
import { Unpackr } from 'msgpackr';
import { FORMAT_CBOR, FORMAT_MSGPACK } from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { RECEIVE_US } from '../cases/payloads.js';
import { fuzzScale, Random } from '../support/random.js';
import { CborWriter, MsgpackWriter, type Node } from './binary-writer.js';
import { Incomparable, samplesOf } from './document-reference.js';
import { FormatDecoder, type Sample } from './format-decoder.js';

const NAMES = ['a', 'b', 'temperature', 'humidity', 'vibration_rms_axis_x', 'Außen', '温度', '', 'a\n', 'a.b', 'x'.repeat(40), '1'];
const MEMBERS = ['ts', 'time', 'timestamp', 'seq', 'metrics', 'values', 'readings'];
const TEXTS = ['', 'open', 'ein längerer Text mit 😀 und mehr als 32 Bytes', '\u0001', '"\\/', 'x'.repeat(300), '\0', 'y'.repeat(9000)];
const SPECIAL = [0, -0, 0.1, 21.5, 1e300, 5e-324, 2 ** -149, Number.NaN, Number.POSITIVE_INFINITY, 1_700_000_000_123, 65504, 2 ** 53];

function number(random: Random): Node {
  const kind = random.below(4);
  if (kind === 0) {
    const word = (BigInt(random.word()) << 32n) | BigInt(random.word());
    const value = word >> BigInt(random.pick([0, 8, 11, 16, 32, 48, 56, 60]));
    return { kind: 'whole', value: random.chance(0.3) ? -(value >> 1n) : value };
  }
  if (kind === 1) return { kind: 'half', bits: random.below(65_536) };
  if (kind === 2) return { kind: 'double', value: random.pick(SPECIAL), bytes: random.pick([4, 8] as const) };
  const bits = Buffer.alloc(8);
  bits.writeUInt32BE(random.word());
  bits.writeUInt32BE(random.word(), 4);
  const bytes = random.pick([4, 8] as const);
  return { kind: 'double', value: bytes === 4 ? bits.readFloatBE() : bits.readDoubleBE(), bytes };
}

function scalar(random: Random): Node {
  const kind = random.below(10);
  if (kind < 6) return number(random);
  if (kind === 6) return { kind: 'text', value: random.pick(TEXTS.slice(0, random.chance(0.9) ? 3 : TEXTS.length)) };
  if (kind === 7) return { kind: 'literal', value: random.pick([true, false, null]) };
  if (kind === 8) return { kind: 'bytes', value: Buffer.alloc(random.below(5), 0x81) };
  return time(random);
}

function time(random: Random): Node {
  return { kind: 'time', seconds: random.int(1_600_000_000, 1_700_000_000), ms: random.pick([0, random.below(1000)]) };
}

function map(random: Random, depth: number, names: readonly string[]): Node {
  const picked = new Set(Array.from({ length: random.below(5) }, () => random.pick(names)));
  return { kind: 'map', members: [...picked].map((name) => [name, value(random, depth + 1)]) };
}

function value(random: Random, depth: number): Node {
  if (depth > 3 || random.chance(0.8)) return scalar(random);
  if (random.chance(0.5)) return map(random, depth, NAMES);
  return { kind: 'array', items: Array.from({ length: random.below(4) }, () => value(random, depth + 1)) };
}

/** A member that says something of the sample, most of the time what it ought to be. */
function member(random: Random, name: string): Node {
  if (random.chance(0.05)) return value(random, 2);
  if (name === 'seq') return { kind: 'whole', value: BigInt(random.word()) };
  if (['metrics', 'values', 'readings'].includes(name)) return map(random, 1, NAMES);
  const ms = random.int(1_600_000_000_000, 1_700_000_000_000);
  return random.pick<Node>([time(random), { kind: 'whole', value: BigInt(ms) }, { kind: 'double', value: ms / 1000, bytes: 8 }]);
}

function sample(random: Random): Node {
  const members = new Map<string, Node>();
  for (let rest = random.below(4); rest > 0; rest--) members.set(random.pick(NAMES), value(random, 1));
  for (let rest = random.below(3); rest > 0; rest--) {
    const name = random.pick(MEMBERS);
    members.set(name, member(random, name));
  }
  return { kind: 'map', members: [...members] };
}

function message(random: Random): Node {
  const kind = random.below(12);
  if (kind === 0) return scalar(random);
  if (kind > 2) return sample(random);
  return { kind: 'array', items: Array.from({ length: random.below(4) }, () => (random.chance(0.9) ? sample(random) : scalar(random))) };
}

/** Cuts out, puts in or writes over bytes, once or a few times. */
function mutate(random: Random, bytes: Buffer): Buffer {
  let mutated = bytes;
  for (let rest = random.pick([1, 1, 2, 3]); rest > 0; rest--) {
    const at = random.below(mutated.length + 1);
    const piece = random.chance(0.7) ? Buffer.from([random.below(256)]) : Buffer.alloc(0);
    mutated = Buffer.concat([mutated.subarray(0, at), piece, mutated.subarray(at + random.below(3))]);
  }
  return mutated;
}

const cborX = new CborX({ mapsAsObjects: true, useRecords: false });
const msgpackr = new Unpackr({ mapsAsObjects: true, useRecords: false });

/** What a library says that it does not decode, though it is well formed. */
const BEYOND = [
  /^Indefinite length not supported/,
  /^Unexpected end of buffer reading string/,
  /^Expected (string|number|Uint8Array)/,
  /^Duplicate key/,
  /^Decoding unwanted big/i,
  /^Cannot mix BigInt/,
  // The content of a tag that says that a text is Base64.
  /^Invalid character/,
];

/** A number that is a name may have been written as a float, which JavaScript does not tell; and every name is made one of its own. */
function nameOf(key: unknown): string {
  if (typeof key !== 'string') throw new Incomparable();
  return `${key}${SEPARATOR}${names++}`;
}
const SEPARATOR = '\u0000name ';
let names = 0;

/** Gives names back as they were. A map that has one twice is no object: of two values, an object would have lost one. */
function withNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNames);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const members = Object.entries(value).map(([name, one]) => [name.slice(0, name.lastIndexOf(SEPARATOR)), withNames(one)] as const);
  if (new Set(members.map(([name]) => name)).size !== members.length) throw new Incomparable();
  return Object.fromEntries(members);
}

/** As cbor2 makes objects; it takes no notice of a name that comes again in pieces. */
function objectOf(members: readonly (readonly [unknown, unknown, unknown?])[]): unknown {
  const names = members.map(([name]) => name);
  if (new Set(names).size !== names.length) throw new Incomparable();
  const entries = members.map(([name, one]) => [name, one] as const);
  return names.every((name) => typeof name === 'string') ? Object.fromEntries(entries) : new Map(entries);
}

/** The first library of each tells names that are texts from others; the others are asked of what is written well only. */
const formats = [
  {
    name: 'CBOR',
    format: FORMAT_CBOR,
    writer: CborWriter,
    libraries: [
      (bytes: Buffer): unknown => decodeCbor2(bytes, { createObject: objectOf, rejectDuplicateKeys: true, rejectBigInts: true }),
      (bytes: Buffer): unknown => cborX.decode(bytes),
    ] as const,
  },
  {
    name: 'MessagePack',
    format: FORMAT_MSGPACK,
    writer: MsgpackWriter,
    libraries: [
      (bytes: Buffer): unknown => withNames(decodeMessagePack(bytes, { useBigInt64: true, mapKeyConverter: nameOf })),
      (bytes: Buffer): unknown => msgpackr.unpack(bytes),
    ] as const,
  },
];

/** By name, because JavaScript puts names that look like indices first. */
function sorted(samples: readonly Sample[]): Sample[] {
  return samples.map((one) => ({ ...one, readings: one.readings.toSorted(([a], [b]) => (a < b ? -1 : 1)) }));
}

/** The samples of what a library decoded, undefined if they are to be refused; null: there is nothing to compare with. */
function expectedOf(library: (bytes: Buffer) => unknown, bytes: Buffer, hasMillis: boolean): Sample[] | undefined | null {
  try {
    return samplesOf(library(bytes), RECEIVE_US, hasMillis);
  } catch (error) {
    if (error instanceof Incomparable || BEYOND.some((words) => words.test((error as Error).message))) return null;
    throw error;
  }
}

for (const { name, format, writer, libraries } of formats) {
  test(`random messages in ${name} are read as libraries read them`, () => {
    const decoder = new FormatDecoder(format);
    const random = new Random();
    const write = new writer(random);
    let accepted = 0;
    const cases = 3000 * fuzzScale;
    for (let i = 0; i < cases; i++) {
      const bytes = write.write(message(random));
      const { code, samples } = decoder.decode(bytes, RECEIVE_US);
      const about = `seed ${random.seed}: ${bytes.toString('hex')} has code ${code}`;
      for (const library of libraries) {
        const expected = expectedOf(library, bytes, true);
        if (expected === null) continue;
        assert.equal(code === CODE_NONE, expected !== undefined, about);
        if (expected) assert.deepStrictEqual(sorted(samples), sorted(expected), about);
      }
      if (code === CODE_NONE) accepted++;
    }
    assert.ok(accepted > cases / 3, `seed ${random.seed}: ${accepted} of ${cases} accepted`);
  });

  test(`mutated messages in ${name} are refused, or read as libraries read them`, () => {
    const decoder = new FormatDecoder(format);
    const random = new Random();
    const write = new writer(random);
    let compared = 0;
    for (let i = 0; i < 3000 * fuzzScale; i++) {
      const bytes = mutate(random, write.write(message(random)));
      const { code, samples } = decoder.decode(bytes, RECEIVE_US);
      if (code !== CODE_NONE) continue;
      const about = `seed ${random.seed}: ${bytes.toString('hex')}`;
      const expected = expectedOf(libraries[0], bytes, false);
      if (expected === null) continue;
      assert.deepStrictEqual(sorted(samples), sorted(expected ?? []), about);
      compared++;
    }
    assert.ok(compared > 0);
  });

  test(`random bytes as ${name} never trap`, () => {
    const decoder = new FormatDecoder(format);
    const random = new Random();
    let refused = 0;
    for (let i = 0; i < 10_000 * fuzzScale; i++) {
      const bytes = Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
      if (decoder.probe(bytes, RECEIVE_US) !== CODE_NONE) refused++;
    }
    assert.ok(refused > 0);
  });
}
