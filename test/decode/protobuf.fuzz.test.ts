import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFileRegistry, type DescMessage, fromBinary, type Registry, ScalarType } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor/index.js';
import { fuzzScale, Random } from '../support/random.js';
import { ProtobufDecoder, RECEIVED_US } from './protobuf-decoder.js';

const SCHEMAS = 12;
const MESSAGES = 40;
const WHOLES = ['int32', 'int64', 'uint32', 'uint64', 'sint32', 'sint64', 'fixed32', 'fixed64', 'sfixed32', 'sfixed64'];
const SCALARS = [...WHOLES, 'float', 'double', 'bool', 'string', 'Kind'];
/** FeatureSet.FieldPresence of descriptor.proto. */
const IMPLICIT = 2;
const TEXTS = ['', 'eco', 'ein längerer Text mit 😀 und mehr als 32 Bytes', 'x'.repeat(200)];

type Value = number | string;
const long = protobuf.util.Long as unknown as { fromString(digits: string, isUnsigned: boolean): unknown };

/** A random schema: scalars of all kinds, each single, optional, repeated (packed or not) or in a map, and messages in messages. */
function schemaText(random: Random): string {
  const body = (inner: string | undefined): string => {
    let number = 0;
    return Array.from({ length: random.int(1, 8) }, (_, index) => {
      number += random.chance(0.1) ? random.int(1, 40_000) : 1;
      if (random.chance(0.15)) {
        const members = Array.from({ length: random.int(1, 4) }, (_, at) => `${random.pick(SCALARS)} f${index}_${at} = ${number + at};`);
        number += members.length - 1;
        return `oneof o${index} { ${members.join(' ')} }`;
      }
      const type = inner !== undefined && random.chance(0.25) ? inner : random.pick(SCALARS);
      const label = random.below(5);
      if (label === 0) return `map<${random.pick(['string', 'int32', 'sint64', 'bool', 'fixed64'])}, ${type}> f${index} = ${number};`;
      if (label === 1)
        return `repeated ${type} f${index} = ${number}${type === inner || type === 'string' ? '' : ` [packed=${random.chance(0.5)}]`};`;
      return `${label === 2 ? 'optional ' : ''}${type} f${index} = ${number};`;
    }).join('\n');
  };
  return `syntax = "proto3"; enum Kind { A = 0; B = 1; C = -7; }
    message M { ${body('N')} } message N { ${body('O')} } message O { ${body(undefined)} }`;
}

function whole(random: Random, type: string): bigint {
  const bits = type.endsWith('64') ? 64n : 32n;
  const word = BigInt.asUintN(64, (BigInt(random.word()) << 32n) | BigInt(random.word())) >> BigInt(random.pick([0, 8, 32, 33, 56, 63]));
  const value = random.chance(0.3) ? -word : word;
  return type.startsWith('u') || type.startsWith('fixed') ? BigInt.asUintN(Number(bits), value) : BigInt.asIntN(Number(bits), value);
}

function scalar(random: Random, type: string): unknown {
  if (type === 'string') return random.pick(TEXTS);
  if (type === 'bool') return random.chance(0.5);
  if (type === 'Kind') return random.pick([0, 1, -7, 12]);
  if (type === 'float') return Math.fround(random.pick([0, -0, 0.1, 21.5, -3e38, Number.NaN, random.word() / 7]));
  if (type === 'double') return random.pick([0, -0, 0.1, 5e-324, 1e300, Number.POSITIVE_INFINITY, random.word() / 7]);
  const value = whole(random, type);
  return type.endsWith('64') ? long.fromString(String(value), type.startsWith('u') || type === 'fixed64') : Number(value);
}

function fieldValue(random: Random, field: protobuf.FieldBase): unknown {
  return field.resolvedType instanceof protobuf.Type
    ? message(random, field.resolvedType)
    : scalar(random, field.type.replace(/^.*\./, ''));
}

function message(random: Random, type: protobuf.Type): Record<string, unknown> {
  const fields = type.fieldsArray.filter(() => random.chance(0.8));
  return Object.fromEntries(
    fields.map((field) => {
      const count = random.pick([0, 1, 2, 5]);
      if (field instanceof protobuf.MapField) {
        const keys = Array.from({ length: count }, () => (field.keyType === 'string' ? random.pick(['a', 'b.c', 'ü', '1']) : undefined));
        const key = (one: string | undefined): string =>
          one ?? (field.keyType === 'bool' ? String(random.chance(0.5)) : String(random.below(9)));
        return [field.name, Object.fromEntries(keys.map((one) => [key(one), fieldValue(random, field)]))];
      }
      return [field.name, field.repeated ? Array.from({ length: count }, () => fieldValue(random, field)) : fieldValue(random, field)];
    }),
  );
}

/** Readings that another decoder finds, by the documented names: paths with dots, elements by index, entries by key. */
function readingsOf(found: ReflectMessage, path: string, into: Map<string, Value>): void {
  const put = (name: string, value: unknown): void => {
    if (typeof value === 'string') into.set(name, value);
    else if (Number.isFinite(Number(value))) into.set(name, Number(value));
  };
  const name = (part: string): string => (path === '' ? part : `${path}.${part}`);
  for (const field of found.desc.fields) {
    if (field.fieldKind === 'list') {
      [...found.get(field)].forEach((value, index) => {
        if (field.listKind === 'message') readingsOf(value as ReflectMessage, name(`${field.name}.${index}`), into);
        else put(name(`${field.name}.${index}`), value);
      });
    } else if (field.fieldKind === 'map') {
      for (const [key, value] of found.get(field)) {
        if (field.mapKind === 'message') readingsOf(value as ReflectMessage, name(`${field.name}.${key}`), into);
        else put(name(`${field.name}.${key}`), value);
      }
    } else if (field.fieldKind === 'message') {
      if (found.isSet(field)) readingsOf(found.get(field), name(field.name), into);
    } else if (field.presence === IMPLICIT || found.isSet(field)) {
      if (field.fieldKind !== 'scalar' || field.scalar !== ScalarType.BYTES) put(name(field.name), found.get(field));
    }
  }
}

function registryOf(root: protobuf.Root): Registry {
  const written = (root as unknown as { toDescriptor(edition: string): protobuf.Message }).toDescriptor('proto3');
  const set = fromBinary(FileDescriptorSetSchema, written.$type.encode(written).finish());
  for (const { name, field, nestedType } of set.file.flatMap(({ messageType }) => messageType)) {
    // protobufjs names the entries of maps without the message around them.
    for (const one of field) if (nestedType.some((nested) => nested.name === one.typeName)) one.typeName = `${name}.${one.typeName}`;
  }
  return createFileRegistry(set);
}

test('random messages of random schemas are read as @bufbuild/protobuf reads them, floats bit for bit', () => {
  const random = new Random();
  let compared = 0;
  for (let schemas = SCHEMAS * fuzzScale; schemas > 0; schemas--) {
    const text = schemaText(random);
    const { root } = protobuf.parse(text, new protobuf.Root(), { keepCase: true });
    root.resolveAll();
    const type = root.lookupType('M');
    const desc = registryOf(root).getMessage('M') as DescMessage;
    const decoder = new ProtobufDecoder();
    const schema = decoder.add(text, { message: 'M', mayBeEmpty: true });
    for (let count = 0; count < MESSAGES; count++) {
      const payload = type.encode(type.create(message(random, type))).finish();
      const expected = new Map<string, Value>();
      readingsOf(reflect(desc, fromBinary(desc, payload)), '', expected);
      const found = decoder.decode(schema, payload);
      const where = `seed ${random.seed}: ${text}\n${Buffer.from(payload).toString('hex')}`;
      if (typeof found === 'string') {
        // A sample has a limit, and a payload of which nothing can be kept is refused for the reason of the first value.
        assert.ok(
          expected.size === 0 ? found === 'number_out_of_range' : expected.size > 1024 && found === 'metrics_too_many',
          `${found} ${where}`,
        );
        continue;
      }
      compared++;
      assert.deepEqual(new Map(found.map(([metric, value]) => [metric, value])), expected, where);
      assert.ok(found.every(([, , tsUs]) => tsUs === RECEIVED_US));
    }
  }
  assert.ok(compared > SCHEMAS * MESSAGES * 0.8);
});
