import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as codes from '../../assembly/abi/codes.js';
import {
  CODE_NAME_BYTES,
  CODES_MAX,
  COMMAND_CODE_FIRST,
  DECODE_CODE_FIRST,
  GATEWAY_CODE_FIRST,
  SCHEMA_CODE_FIRST,
  STORE_CODE_FIRST,
} from '../../assembly/abi/codes.js';
import * as gateway from '../../assembly/abi/gateway.js';
import { CALL_BYTES, CALLS_BYTES, CALLS_MAX, GATEWAY_END } from '../../assembly/abi/gateway.js';
import { BLOCK_BYTES_MAX, BLOCK_RECORDS_MAX, MESSAGE_METRICS_MAX, MIB, TEXT_BYTES_MAX } from '../../assembly/abi/limits.js';
import * as pipeline from '../../assembly/abi/pipeline.js';
import {
  BATCH_DEAD_BYTES,
  BATCH_DEAD_RESERVE_BYTES,
  BATCH_READINGS_BYTES,
  BATCH_READINGS_RESERVE_BYTES,
  BATCH_TEXT_BYTES,
  BATCH_TEXT_RESERVE_BYTES,
  DECODED_BYTES,
  DECODED_READING_BYTES,
  LATEST_BYTES,
  LIVE_ENTRIES_BYTES,
  POINT_ALIGN_BYTES,
  POINT_BYTES,
  POWERS_BYTES,
  POWERS_MAX,
  POWERS_MIN,
  READING_ROW_BYTES,
  READINGS_MAX,
} from '../../assembly/abi/pipeline.js';
import * as regions from '../../assembly/abi/regions.js';
import { COMMON_END, STATICS_BYTES } from '../../assembly/abi/regions.js';
import * as state from '../../assembly/abi/state.js';
import {
  DEAD_COUNT_BITS,
  DEAD_PAGE_AT_COUNTS,
  DEAD_PAGE_BYTES,
  DEAD_PAGE_COUNTS,
  PIPELINE_END,
  RUN_PAGE_BYTES,
  SERIES_ENTRY_BYTES,
  STATE_DEVICE_BYTES,
  STATE_DEVICES_OFFSET,
  STATEMENT_AT_RUNS,
} from '../../assembly/abi/state.js';
import { isDeadLetter, refusalCodes } from '../../src/contract/codes.js';

test('every code in the abi has a text, a unique name and a number below CODES_MAX', () => {
  const numbers = Object.entries(codes)
    .filter(([name]) => name.startsWith('CODE_') && !/_(NONE|OFFSET|BYTES)$/.test(name))
    .map(([, number]) => number as number);
  assert.deepEqual(
    refusalCodes.map((code) => code.number),
    numbers.sort((a, b) => a - b),
  );
  assert.equal(new Set(refusalCodes.map((code) => code.name)).size, numbers.length);
  for (const { number, name } of refusalCodes) {
    assert.ok(number < CODES_MAX);
    assert.match(name, /^[a-z0-9_]+$/);
    assert.ok(name.length < CODE_NAME_BYTES, name);
  }
});

test('the ranges of codes follow one another, fit a byte, and say which messages become dead letters', () => {
  const firsts = [GATEWAY_CODE_FIRST, DECODE_CODE_FIRST, SCHEMA_CODE_FIRST, STORE_CODE_FIRST, COMMAND_CODE_FIRST, CODES_MAX];
  assert.deepEqual(
    firsts,
    firsts.toSorted((a, b) => a - b),
  );
  assert.equal(CODES_MAX, 2 ** (64 - DEAD_COUNT_BITS));
  const isDead = (code: string) => refusalCodes.some((entry) => entry.name === code && isDeadLetter(entry));
  assert.deepEqual(
    ['log_failing', 'json_malformed', 'state_exhausted', 'row_refused'].map(isDead),
    [false, true, true, true],
    'by stage: gateway, decode, decode, store',
  );
});

type Region = readonly [name: string, offset: number, bytes: number];

/** Every region that these files name, by its place in memory: NAME_OFFSET, and NAME_BYTES in the same file. */
function regionsOf(...files: readonly Readonly<Record<string, unknown>>[]): Region[] {
  const found = files.flatMap((file) =>
    Object.entries(file).flatMap(([name, offset]): Region[] => {
      const region = /^(?!.*_AT_)(\w+)_OFFSET$/.exec(name)?.[1];
      if (region === undefined) return [];
      const bytes = file[`${region}_BYTES`];
      assert.equal(typeof bytes, 'number', `${region}_BYTES is not beside ${name}`);
      return [[region, offset as number, bytes as number]];
    }),
  );
  return found.sort(([, a], [, b]) => a - b);
}

for (const [module, files, start, end, count] of [
  ['both modules', [regions], STATICS_BYTES, COMMON_END, 3],
  ['the gateway', [gateway], COMMON_END, GATEWAY_END, 12],
  ['the pipeline', [pipeline, state], COMMON_END, PIPELINE_END, 25],
] as const) {
  test(`every region of ${module} is aligned, begins where the one before it has ended, and lies in its memory`, () => {
    const found = regionsOf(...files);
    assert.ok(found.length >= count, `${found.length} regions`);
    let before: Region = ['the start', start, 0];
    for (const region of found) {
      const [name, offset, bytes] = region;
      assert.equal(offset % 8, 0, name);
      assert.ok(bytes > 0 && before[1] + before[2] <= offset, `${before[0]} reaches into ${name}`);
      before = region;
    }
    assert.ok(before[1] + before[2] <= end && end < 2 ** 32 - 65536, before[0]);
  });
}

test('entries fit into their regions', () => {
  assert.ok(CALLS_MAX * CALL_BYTES <= CALLS_BYTES);
  assert.ok(POINT_BYTES + TEXT_BYTES_MAX <= LIVE_ENTRIES_BYTES);
  assert.equal(POINT_BYTES % POINT_ALIGN_BYTES, 0);
  assert.equal(SERIES_ENTRY_BYTES, POINT_BYTES);
  assert.ok(MESSAGE_METRICS_MAX * DECODED_READING_BYTES <= DECODED_BYTES);
  assert.ok((POWERS_MAX - POWERS_MIN + 1) * 16 <= POWERS_BYTES);
  assert.ok(DEAD_PAGE_AT_COUNTS + DEAD_PAGE_COUNTS * 8 <= DEAD_PAGE_BYTES);
  assert.ok(STATEMENT_AT_RUNS + RUN_PAGE_BYTES <= LATEST_BYTES);
});

test('the open batch has room for as many readings as its slot has for rows', () => {
  assert.ok(READINGS_MAX * READING_ROW_BYTES >= BATCH_READINGS_BYTES);
  // Their places take 19 bits of a word in the sort.
  assert.equal(READINGS_MAX, 2 ** 19);
});

test('device states begin at a cache line, so that what a message needs of one lies in one', () => {
  assert.equal(STATE_DEVICES_OFFSET % 64, 0);
  assert.equal(STATE_DEVICE_BYTES % 64, 0);
});

test('a block opens only where its worst case fits', () => {
  // The densest message: values of one byte that become rows of 42 bytes, or empty texts that become rows of 34.
  assert.ok(BLOCK_BYTES_MAX * 42 <= BATCH_READINGS_RESERVE_BYTES);
  assert.ok(BLOCK_BYTES_MAX * 34 <= BATCH_TEXT_RESERVE_BYTES);
  assert.ok(BLOCK_RECORDS_MAX * 120 + BLOCK_BYTES_MAX <= BATCH_DEAD_RESERVE_BYTES);
  const filled = [BATCH_READINGS_BYTES - BATCH_READINGS_RESERVE_BYTES, BATCH_TEXT_BYTES - BATCH_TEXT_RESERVE_BYTES];
  assert.ok(Math.min(...filled, BATCH_DEAD_BYTES - BATCH_DEAD_RESERVE_BYTES) >= 2 * MIB);
});
