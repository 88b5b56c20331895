import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Capabilities, chooseDialect } from '../../../src/store/schema/capabilities.js';

const able: Capabilities['timescale'] = {
  preloaded: true,
  installed: '2.28.3',
  available: '2.28.3',
  creatable: true,
  license: 'timescale',
  directCompress: true,
  bloom: true,
};
const notYet = { installed: undefined, license: undefined, directCompress: false, bloom: false };

function choose(tables: Capabilities['tables'], lacks: Partial<Capabilities['timescale']>) {
  const choice = chooseDialect({ postgres: '17.5', tables, timescale: { ...able, ...lacks } });
  return choice && [choice.dialect, ...(choice.dialect === 'timescale' ? [choice.directCompress] : []), choice.why];
}

test('an empty database takes TimescaleDB where it compresses as rows come', () => {
  assert.deepEqual(choose('none', {}), ['timescale', true, 'TimescaleDB 2.28.3 compresses rows as they come']);
  assert.deepEqual(choose('none', notYet), ['timescale', true, 'TimescaleDB 2.28.3 compresses rows as they come']);
  assert.deepEqual(choose('none', { preloaded: false }), ['timescale', true, 'TimescaleDB 2.28.3 compresses rows as they come']);
});

test('else an empty database is partitioned, and it is said why', () => {
  const cases: readonly (readonly [Partial<Capabilities['timescale']>, string])[] = [
    [{ ...notYet, available: undefined }, 'the server has no TimescaleDB'],
    [{ ...notYet, preloaded: false }, 'TimescaleDB is not in shared_preload_libraries'],
    [{ ...notYet, creatable: false }, 'the user may not make the extension timescaledb'],
    [{ ...notYet, available: '2.20.3' }, 'TimescaleDB 2.20.3 is older than 2.21'],
    [{ installed: '2.19.0', directCompress: false }, 'TimescaleDB 2.19.0 is older than 2.21'],
    [{ installed: '2.9.1', directCompress: false }, 'TimescaleDB 2.9.1 is older than 2.21'],
    [{ license: 'apache' }, 'timescaledb.license is apache: no compression'],
  ];
  for (const [lacks, why] of cases) assert.deepEqual(choose('none', lacks), ['postgres', why]);
});

test('tables decide before what the server offers', () => {
  assert.deepEqual(choose('partitioned', {}), ['postgres', 'readings is partitioned; TimescaleDB 2.28.3 is there, for a new database']);
  assert.deepEqual(choose('partitioned', { ...notYet, available: undefined }), ['postgres', 'readings is partitioned']);
  assert.deepEqual(choose('hypertable', {}), ['timescale', true, 'readings is a hypertable']);
  assert.deepEqual(choose('hypertable', { installed: '2.20.3', directCompress: false }), [
    'timescale',
    false,
    'readings is a hypertable, but TimescaleDB 2.20.3 is older than 2.21: rows are compressed when their chunk closes',
  ]);
  assert.equal(choose('other', {}), undefined);
});

test('a version to come is not taken for an old one', () => {
  assert.equal(choose('none', { installed: '3.0.0' })?.[0], 'timescale');
  assert.equal(choose('none', { installed: '2.100.0-dev' })?.[0], 'timescale');
});
