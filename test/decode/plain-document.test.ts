import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_CBOR, FORMAT_MSGPACK } from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { PROFILE_PLAIN } from '../../assembly/abi/profiles.js';
import { encodeContext } from '../../src/contract/record-context.js';
import { RECEIVE_US } from '../cases/payloads.js';
import { fuzzScale, Random } from '../support/random.js';
import { CborWriter, MsgpackWriter, type Node } from './binary-writer.js';
import { type DecodedMessage, FormatDecoder } from './format-decoder.js';

// The document of `ts`, `metrics` and `seq` is read in one pass. Under a prefix it is not: both ways are the same but for the names.

const PREFIX = 'p.';
const NAMES = [
  'a',
  'b',
  'temperature',
  'humidity',
  'vibration_rms_axis_x',
  'größe',
  'a\n',
  'x'.repeat(40),
  ...Array.from({ length: 30 }, (_, i) => `m${i}`),
];
const TEXTS = ['', 'open', 'ein längerer Text 😀', 'x'.repeat(300), '\0', 'y'.repeat(40)];
const WHOLES = [
  0n,
  1n,
  23n,
  24n,
  127n,
  128n,
  255n,
  256n,
  65_535n,
  65_536n,
  4_294_967_295n,
  4_294_967_296n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
];
const DOUBLES = [0, -0, 0.1, 21.5, 1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, 65_504];
const formats = [
  { name: 'CBOR', format: FORMAT_CBOR, writer: CborWriter },
  { name: 'MessagePack', format: FORMAT_MSGPACK, writer: MsgpackWriter },
];

function scalar(random: Random): Node {
  const kind = random.below(10);
  if (kind < 3) return { kind: 'double', value: random.pick(DOUBLES), bytes: random.pick([4, 8] as const) };
  if (kind < 6) {
    const value = random.pick(WHOLES);
    return { kind: 'whole', value: random.chance(0.4) ? -value : value };
  }
  if (kind < 8) return { kind: 'literal', value: random.pick([true, false, null]) };
  if (kind === 8) return { kind: 'text', value: random.pick(TEXTS) };
  return random.chance(0.8)
    ? { kind: 'half', bits: random.below(65_536) }
    : { kind: 'map', members: [['inner', { kind: 'whole', value: 1n }]] };
}

/** A document of the form most of the time, its members in any order, now and then one twice. */
function document(random: Random): Node {
  const metrics = Array.from({ length: random.pick([0, 1, 3, 20, 40]) }, (): [string, Node] => [random.pick(NAMES), scalar(random)]);
  const unique = random.chance(0.95) ? [...new Map(metrics)] : metrics;
  const ms = random.int(1_600_000_000_000, 1_700_000_000_000);
  const ts = random.pick<Node>([
    { kind: 'whole', value: BigInt(ms) },
    { kind: 'double', value: ms, bytes: 8 },
    { kind: 'double', value: ms / 1000, bytes: 8 },
    scalar(random),
  ]);
  const members: [string, Node][] = [['metrics', { kind: 'map', members: unique }]];
  if (random.chance(0.8)) members.push(['ts', ts]);
  if (random.chance(0.8)) members.push(['seq', random.chance(0.9) ? { kind: 'whole', value: random.pick(WHOLES) } : scalar(random)]);
  if (random.chance(0.05)) members.push([random.pick(['ts', 'metrics', 'other']), scalar(random)]);
  return { kind: 'map', members: members.sort(() => (random.chance(0.5) ? 1 : -1)) };
}

function withoutPrefix({ samples, ...rest }: DecodedMessage): DecodedMessage {
  return {
    ...rest,
    samples: samples.map((one) => ({ ...one, readings: one.readings.map(([name, value]) => [name.slice(PREFIX.length), value]) })),
  };
}

for (const { name, format, writer } of formats) {
  const context = encodeContext({ profile: PROFILE_PLAIN, prefix: PREFIX });

  test(`a plain document in ${name} is read in one pass as it is read otherwise, and so is what is changed in it`, () => {
    const [plain, general] = [new FormatDecoder(format), new FormatDecoder(format, context)];
    const random = new Random();
    const write = new writer(random);
    let accepted = 0;
    const cases = 3000 * fuzzScale;
    for (let round = 0; round < cases; round++) {
      const bytes = write.write(document(random));
      const isChanged = random.chance(0.3);
      if (isChanged) bytes[random.below(bytes.length)] = random.below(256);
      const found = plain.decode(bytes, RECEIVE_US);
      const expected = withoutPrefix(general.decode(bytes, RECEIVE_US));
      const about = `SEED=${random.seed}: ${bytes.toString('hex')}`;
      // A change can take a name away: then the two differ, because under a prefix the member has that of the prefix.
      const isNamed = expected.samples.every(({ readings }) => readings.every(([metric]) => metric !== ''));
      if (!isChanged) assert.equal(found.code, expected.code, about);
      if (found.code === CODE_NONE && expected.code === CODE_NONE && isNamed) assert.deepStrictEqual(found, expected, about);
      if (found.code === CODE_NONE) accepted++;
    }
    assert.ok(accepted > cases / 3, `SEED=${random.seed}: ${accepted} of ${cases} accepted`);
  });

  test(`a plain document in ${name} that is cut anywhere is refused, whatever comes after it`, () => {
    const decoder = new FormatDecoder(format);
    const random = new Random();
    const write = new writer(random);
    for (let round = 0; round < 20; round++) {
      const bytes = write.write({
        kind: 'map',
        members: [
          ['ts', { kind: 'whole', value: 1_690_000_000_000n }],
          [
            'metrics',
            {
              kind: 'map',
              members: [
                ['a', { kind: 'double', value: 1, bytes: 8 }],
                ['b', { kind: 'text', value: 'open' }],
              ],
            },
          ],
        ],
      });
      assert.equal(decoder.decode(bytes, RECEIVE_US).code, CODE_NONE);
      for (let cut = 0; cut < bytes.length; cut++) {
        const rest = bytes.subarray(cut);
        assert.notEqual(
          decoder.decode(bytes.subarray(0, cut), RECEIVE_US, rest).code,
          CODE_NONE,
          `SEED=${random.seed}, cut at ${cut}: ${bytes.toString('hex')}`,
        );
      }
    }
  });
}
