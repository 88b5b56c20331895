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
import {
  CALL_BYTES,
  CALLS_BYTES,
  CALLS_MAX,
  EVENT_BYTES,
  EVENTS_MAX,
  EVENTS_OFFSET,
  GATEWAY_END,
  READ_OFFSET,
} from '../../assembly/abi/gateway.js';
import { BLOCK_BYTES_MAX, BLOCK_RECORDS_MAX, MESSAGE_METRICS_MAX } from '../../assembly/abi/limits.js';
import * as pipeline from '../../assembly/abi/pipeline.js';
import {
  BATCH_READINGS_BYTES,
  BATCH_RESERVE_BYTES,
  BATCH_TEXT_BYTES,
  DECODED_BYTES,
  DECODED_READING_BYTES,
  LIVE_BYTES,
  LIVE_HEADER_BYTES,
  LIVE_MAX,
  POINT_BYTES,
  POWERS_BYTES,
  POWERS_MAX,
  POWERS_MIN,
  READING_ROW_BYTES,
  READINGS_MAX,
} from '../../assembly/abi/pipeline.js';
import * as regions from '../../assembly/abi/regions.js';
import { CODE_NAMES_BYTES, CODE_NAMES_OFFSET, COMMON_END } from '../../assembly/abi/regions.js';
import * as state from '../../assembly/abi/state.js';
import { DEAD_COUNT_BITS, PIPELINE_END, STATE_DEVICE_BYTES, STATE_DEVICES_OFFSET } from '../../assembly/abi/state.js';
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

test('regions are aligned, follow one another and fit into 32-bit memory', () => {
  for (const end of [GATEWAY_END, PIPELINE_END]) assert.ok(end < 2 ** 32 - 65536);
  const offsets = [regions, gateway, pipeline, state]
    .flatMap((abi) => Object.entries(abi))
    .filter(([name]) => name.endsWith('_OFFSET') && !name.includes('_AT_'));
  assert.ok(offsets.length > 20);
  for (const [name, offset] of offsets) assert.equal((offset as number) % 8, 0, name);
  assert.ok(CODE_NAMES_OFFSET + CODE_NAMES_BYTES <= COMMON_END);
  assert.ok(EVENTS_OFFSET + EVENTS_MAX * EVENT_BYTES <= READ_OFFSET);
  assert.ok(CALLS_MAX * CALL_BYTES <= CALLS_BYTES);
  assert.ok(LIVE_HEADER_BYTES + LIVE_MAX * POINT_BYTES <= LIVE_BYTES);
  assert.ok(MESSAGE_METRICS_MAX * DECODED_READING_BYTES <= DECODED_BYTES);
  assert.ok((POWERS_MAX - POWERS_MIN + 1) * 16 <= POWERS_BYTES);
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
  // The densest message: metrics of six bytes ("a":1,) that become rows of 42 bytes.
  const densest = Math.ceil(BLOCK_BYTES_MAX / 6) * 42;
  assert.ok(densest <= BATCH_RESERVE_BYTES);
  assert.ok(BATCH_RESERVE_BYTES * 2 <= BATCH_READINGS_BYTES);
  assert.ok(BATCH_RESERVE_BYTES * 2 <= BATCH_TEXT_BYTES);
  assert.ok(BLOCK_RECORDS_MAX * 120 + BLOCK_BYTES_MAX <= BATCH_RESERVE_BYTES);
});
