import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Comparable, type Compatibility, incompatibilities } from '../../../src/control/schemas/compatibility.js';
import { isRefused } from '../../../src/control/schemas/definition/definition.js';
import type { FormatChoice } from '../../../src/control/schemas/definition/formats.js';
import { readDefinition } from '../../../src/control/schemas/definition/read-definition.js';

function version(definition: unknown, format: FormatChoice = 'json', mode: Comparable['mode'] = 'strict'): Comparable {
  const read = readDefinition(format, definition);
  assert.ok(!isRefused(read));
  return { format, mode, definition: read };
}

const base = { a: 'number', r: { type: 'integer', min: 0, max: 10 }, q: { type: 'number', required: true } };

/** By change: which fields it makes incompatible, going back and going forward. */
const changes: readonly (readonly [what: string, fields: object, backward: readonly string[], forward: readonly string[]])[] = [
  ['an optional field is added', { ...base, b: 'number' }, [], []],
  ['a required field is added', { ...base, b: { type: 'number', required: true } }, ['b required'], []],
  ['a field with a default is added', { ...base, b: { type: 'number', default: 1 } }, [], []],
  ['a field is removed', { r: base.r, q: base.q }, ['a removed'], ['a removed']],
  ['a field has another name', { z: 'number', r: base.r, q: base.q }, ['a removed'], ['a removed']],
  ['a metric has another name', { ...base, a: { type: 'number', rename: 'z' } }, ['a renamed'], ['a renamed']],
  ['a type changes', { ...base, a: 'text' }, ['a retyped'], ['a retyped']],
  ['a type is widened', { ...base, r: { type: 'number', min: 0, max: 10 } }, [], ['r retyped']],
  ['a type is narrowed', { ...base, a: 'integer' }, ['a retyped'], []],
  ['any type is taken', { ...base, a: 'any' }, [], ['a retyped']],
  ['a range is narrowed', { ...base, r: { type: 'integer', min: 1, max: 10 } }, ['r range'], []],
  ['a range is widened', { ...base, r: { type: 'integer', min: 0, max: 11 } }, [], ['r range']],
  ['a range is new', { ...base, a: { type: 'number', max: 5 } }, ['a range'], []],
  ['a range is gone', { ...base, r: 'integer' }, [], ['r range']],
  ['a range moves', { ...base, r: { type: 'integer', min: 5, max: 15 } }, ['r range'], ['r range']],
  ['a unit changes', { ...base, a: { type: 'number', unit: '[degF]', to: 'Cel' } }, ['a rescaled'], ['a rescaled']],
  ['a unit is named', { ...base, a: { type: 'number', unit: 'Cel' } }, [], []],
  ['an optional field is required', { ...base, a: { type: 'number', required: true } }, ['a required'], []],
  ['a required field is optional', { ...base, q: 'number' }, [], ['q required']],
];

function found(before: Comparable, next: Comparable, compatibility: Compatibility): string[] {
  return incompatibilities(before, next, compatibility).map(({ path, change }) => `${path} ${change}`);
}

test('each change is compatible backward, forward, both or neither', () => {
  const before = version({ fields: base });
  for (const [what, fields, backward, forward] of changes) {
    const next = version({ fields });
    assert.deepEqual(found(before, next, 'backward'), backward, `${what}, backward`);
    assert.deepEqual(found(before, next, 'forward'), forward, `${what}, forward`);
    assert.deepEqual(found(before, next, 'full').sort(), [...new Set([...backward, ...forward])].sort(), `${what}, full`);
    assert.deepEqual(found(before, next, 'none'), [], `${what}, none`);
  }
});

test('format, mode and what is not named are compared as well', () => {
  const before = version({ fields: base });
  assert.deepEqual(found(before, version({ fields: base }, 'cbor'), 'backward'), ['format format']);
  assert.deepEqual(found(version({ fields: base }, 'json', 'flexible'), before, 'backward'), ['mode mode']);
  assert.deepEqual(found(before, version({ fields: base }, 'json', 'flexible'), 'backward'), []);
  assert.deepEqual(found(before, version({ fields: base, others: 'refuse' }), 'backward'), ['others others']);
  assert.deepEqual(found(before, version({ fields: base, others: 'refuse' }), 'forward'), []);
  assert.deepEqual(
    found(version({ fields: base, others: 'refuse' }), version({ fields: { ...base, b: 'number' }, others: 'refuse' }), 'full'),
    ['b added'],
  );
});

test('every incompatibility is listed, each with its words', () => {
  const listed = incompatibilities(
    version({ fields: base }),
    version({ fields: { a: 'text', q: { type: 'number', required: true, max: 3 } } }),
    'backward',
  );
  assert.deepEqual(listed, [
    { path: 'a', change: 'retyped', message: 'was number and is text' },
    { path: 'r', change: 'removed', message: 'is no longer there' },
    { path: 'q', change: 'range', message: 'was -Infinity to Infinity and is -Infinity to 3' },
  ]);
});

test('fields of Protobuf keep their numbers and types', () => {
  const proto = (fields: string) => version(`syntax = "proto3"; message A { ${fields} }`, 'protobuf');
  const before = proto('float t = 1; int32 n = 2;');
  assert.deepEqual(found(before, proto('float t = 1; int32 n = 2; bool on = 3;'), 'full'), []);
  assert.deepEqual(found(before, proto('float t = 3; sint32 n = 2;'), 'backward'), ['t renumbered', 'n retyped']);
  assert.deepEqual(found(before, proto('float t = 1;'), 'backward'), ['n removed']);
});
