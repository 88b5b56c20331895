import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as abi from '../../assembly/abi.js';
import { refusalCodes } from '../../src/contract/codes.js';

test('every code in the abi has a text, a unique name and a number below CODES_MAX', () => {
  const numbers = Object.entries(abi)
    .filter(([name]) => name.startsWith('CODE_') && !/_(NONE|OFFSET|BYTES)$/.test(name))
    .map(([, number]) => number as number);
  assert.deepEqual(
    refusalCodes.map((code) => code.number),
    numbers.sort((a, b) => a - b),
  );
  assert.equal(new Set(refusalCodes.map((code) => code.name)).size, numbers.length);
  for (const { number, name } of refusalCodes) {
    assert.ok(number < abi.CODES_MAX);
    assert.match(name, /^[a-z0-9_]+$/);
    assert.ok(name.length < abi.CODE_NAME_BYTES, name);
  }
});

test('regions are aligned, follow one another and fit into 32-bit memory', () => {
  for (const end of [abi.GATEWAY_END, abi.PIPELINE_END]) assert.ok(end < 2 ** 32 - 65536);
  const offsets = Object.entries(abi).filter(([name]) => name.endsWith('_OFFSET') && !name.includes('_AT_'));
  assert.ok(offsets.length > 20);
  for (const [name, offset] of offsets) assert.equal((offset as number) % 8, 0, name);
  assert.ok(abi.CODE_NAMES_OFFSET + abi.CODE_NAMES_BYTES <= abi.COMMON_END);
  assert.ok(abi.EVENTS_OFFSET + abi.EVENTS_MAX * abi.EVENT_BYTES <= abi.READ_OFFSET);
  assert.ok(abi.CALLS_MAX * abi.CALL_BYTES <= abi.CALLS_BYTES);
  assert.ok(abi.LIVE_HEADER_BYTES + abi.LIVE_MAX * abi.POINT_BYTES <= abi.LIVE_BYTES);
  assert.ok(abi.MESSAGE_METRICS_MAX * abi.DECODED_READING_BYTES <= abi.DECODED_BYTES);
  assert.ok((abi.POWERS_MAX - abi.POWERS_MIN + 1) * 16 <= abi.POWERS_BYTES);
});

test('the open batch has room for as many readings as its slot has for rows', () => {
  assert.ok(abi.READINGS_MAX * abi.READING_ROW_BYTES >= abi.BATCH_READINGS_BYTES);
  // Their places take 19 bits of a word in the sort.
  assert.equal(abi.READINGS_MAX, 2 ** 19);
});

test('device states begin at a cache line, so that what a message needs of one lies in one', () => {
  assert.equal(abi.STATE_DEVICES_OFFSET % 64, 0);
  assert.equal(abi.STATE_DEVICE_BYTES % 64, 0);
});

test('a block opens only where its worst case fits', () => {
  // The densest message: metrics of six bytes ("a":1,) that become rows of 42 bytes.
  const densest = Math.ceil(abi.BLOCK_BYTES_MAX / 6) * 42;
  assert.ok(densest <= abi.BATCH_RESERVE_BYTES);
  assert.ok(abi.BATCH_RESERVE_BYTES * 2 <= abi.BATCH_READINGS_BYTES);
  assert.ok(abi.BATCH_RESERVE_BYTES * 2 <= abi.BATCH_TEXT_BYTES);
  assert.ok(abi.BLOCK_RECORDS_MAX * 120 + abi.BLOCK_BYTES_MAX <= abi.BATCH_RESERVE_BYTES);
});
