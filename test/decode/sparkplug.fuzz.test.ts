import assert from 'node:assert/strict';
import { test } from 'node:test';
import sparkplug from 'sparkplug-payload';
import { fuzzScale, Random } from '../support/random.js';
import { NINE_MS } from '../support/sparkplug-payloads.js';
import { type Reading, SparkplugDecoder } from './sparkplug-decoder.js';

const SESSIONS = 30;
const MESSAGES = 25;
const ROW_TYPES = ['Float', 'Double', 'Boolean', 'String'] as const;
const codec = sparkplug.get('spBv1.0');
assert.ok(codec);

type Codec = NonNullable<ReturnType<typeof sparkplug.get>>;
type Payload = Parameters<Codec['encodePayload']>[0];
type Metric = NonNullable<Payload['metrics']>[number];
type Type = Metric['type'];
type Expected = (readonly [name: string, value: number | string])[];

const bits: Partial<Record<Type, number>> = {
  Int8: 8,
  Int16: 16,
  Int32: 32,
  Int64: 53,
  UInt8: 8,
  UInt16: 16,
  UInt32: 32,
  UInt64: 53,
  DateTime: 53,
};
const types = [...(Object.keys(bits) as Type[]), ...(['Float', 'Double', 'Boolean', 'String', 'Text', 'UUID'] as const)];

/** A value of the type, and what it is read as. */
function scalar(random: Random, type: Type): { value: number | boolean | string; read: number | string } {
  if (type === 'Boolean') {
    const value = random.chance(0.5);
    return { value, read: value ? 1 : 0 };
  }
  if (type === 'Float' || type === 'Double') {
    const double = random.pick([0, -0, 0.1, 21.5, -1e30, random.word() / 7]);
    const value = type === 'Float' ? Math.fround(double) : double;
    return { value, read: value };
  }
  const width = bits[type];
  if (width === undefined) {
    const value = random.pick(['', 'eco', 'ein längerer Text mit 😀', 'x'.repeat(300)]);
    return { value, read: value };
  }
  const most = 2 ** (type.startsWith('Int') ? width - 1 : width) - 1;
  const value = random.pick([0, 1, most, Math.floor((random.word() / 2 ** 32) * most)]);
  const signed = type.startsWith('Int') && random.chance(0.5) ? -value : value;
  return { value: signed, read: signed === 0 ? 0 : signed };
}

function dataSet(random: Random, name: string): { value: Metric['value']; expected: Expected } {
  const columns = ['x', 'y', 'z'].slice(0, random.int(1, 3));
  const kinds = columns.map(() => random.pick(ROW_TYPES));
  const cells = Array.from({ length: random.below(4) }, () => kinds.map((type) => scalar(random, type)));
  return {
    value: { numOfColumns: columns.length, columns, types: [...kinds], rows: cells.map((row) => row.map(({ value }) => value)) },
    expected: cells.flatMap((row, index) => row.map(({ read }, column) => [`${name}.${index}.${columns[column]}`, read] as const)),
  };
}

function template(random: Random, name: string): { value: Metric['value']; expected: Expected } {
  const members = ['m', 'n/o'].map((member) => {
    const type = random.pick(types);
    return { name: member, type, ...scalar(random, type) };
  });
  return {
    value: {
      isDefinition: false,
      templateRef: 'R',
      version: '1',
      metrics: members.map(({ name: member, type, value }) => ({ name: member, type, value })),
    },
    expected: members.map(({ name: member, read }) => [`${name}.${member}`, read] as const),
  };
}

interface Definition {
  readonly name: string;
  readonly alias: number;
  readonly type: Type;
}

/** A metric with a value of its definition, and the readings that it gives. */
function instance(random: Random, { name, type }: Definition): { metric: Metric; expected: Expected } {
  if (type === 'DataSet' || type === 'Template') {
    const { value, expected } = type === 'DataSet' ? dataSet(random, name) : template(random, name);
    return { metric: { name, type, value }, expected };
  }
  if (type === 'Bytes') return { metric: { name, type, value: new Uint8Array([1, 2]) }, expected: [] };
  // The library throws where a data set or a template is null.
  if (random.chance(0.05)) return { metric: { name, type, value: null }, expected: [] };
  const { value, read } = scalar(random, type);
  return { metric: { name, type, value }, expected: [[name, read]] };
}

function sortedReadings(readings: readonly Reading[]): Reading[] {
  return readings.toSorted((a, b) => a[2] - b[2] || (a[0] < b[0] ? -1 : 1));
}

test('sessions that sparkplug-payload writes are read as they were meant, by name and by alias', () => {
  const random = new Random();
  let messages = 0;
  for (let session = SESSIONS * fuzzScale; session > 0; session--) {
    const decoder = new SparkplugDecoder();
    const definitions = Array.from({ length: random.int(1, 8) }, (_, index): Definition => {
      return {
        name: `Group/metric ${index}`,
        alias: index * 7 + random.below(7),
        type: random.pick([...types, 'DataSet', 'Template', 'Bytes'] as const),
      };
    });
    const send = (type: string, seq: number, chosen: readonly Definition[], isByAlias: boolean): void => {
      const expected: Reading[] = [];
      const metrics = chosen.map((definition): Metric => {
        const made = instance(random, definition);
        const timestamp = NINE_MS - random.below(3) * 1000;
        for (const [name, value] of made.expected) expected.push([name, value, timestamp * 1000]);
        const { name: _, ...unnamed } = made.metric;
        return {
          ...(isByAlias ? unnamed : made.metric),
          timestamp,
          ...(isByAlias || type === 'NBIRTH' ? { alias: definition.alias } : {}),
        };
      });
      const bytes = (codec as Codec).encodePayload({ timestamp: NINE_MS, seq, metrics });
      const found = decoder.send(`spBv1.0/g/${type}/e`, bytes, { receiveUs: (NINE_MS + 61_000 * (seq + 1)) * 1000 });
      const where = `seed ${random.seed}: ${type} ${Buffer.from(bytes).toString('hex')}`;
      if (typeof found === 'string') assert.deepEqual([found, expected], ['metric_value_invalid', []], where);
      else assert.deepEqual(sortedReadings(found), sortedReadings(expected), where);
      messages++;
    };
    send('NBIRTH', 0, definitions, false);
    for (let seq = 1; seq <= MESSAGES; seq++) {
      send(
        'NDATA',
        seq,
        definitions.filter(() => random.chance(0.5)),
        random.chance(0.7),
      );
    }
  }
  assert.equal(messages, SESSIONS * fuzzScale * (MESSAGES + 1));
});
