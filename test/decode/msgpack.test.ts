import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_MSGPACK } from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { bytesOf } from '../cases/binary.js';
import { msgpackItems, msgpackMessages } from '../cases/msgpack.js';
import { RECEIVE_US } from '../cases/payloads.js';
import { checkCuts, checkItems, checkMessages, countRefusedChanges } from './binary-cases.js';
import { FormatDecoder } from './format-decoder.js';

/** { "a": item } */
const asMetric = (item: Buffer) => Buffer.concat([Buffer.from('81a161', 'hex'), item]);
const payloads = [...msgpackItems.map(([hex]) => asMetric(bytesOf(hex))), ...msgpackMessages.map(({ hex }) => bytesOf(hex))];

test('every format of MessagePack is a reading, costs itself, or costs the message', () => {
  checkItems(new FormatDecoder(FORMAT_MSGPACK), msgpackItems, asMetric);
});

test('messages in MessagePack have the samples of the catalogue, or its code', () => {
  checkMessages(new FormatDecoder(FORMAT_MSGPACK), msgpackMessages);
});

test('a payload of MessagePack cut at any byte is read the same, whatever comes after it', () => {
  checkCuts(new FormatDecoder(FORMAT_MSGPACK), payloads);
});

test('a well-formed item of MessagePack that is cut is refused', () => {
  const decoder = new FormatDecoder(FORMAT_MSGPACK);
  for (const { hex, code = CODE_NONE } of msgpackMessages) {
    const payload = bytesOf(hex);
    if (code !== CODE_NONE) continue;
    for (let length = 0; length < payload.length; length++) {
      assert.notEqual(decoder.probe(payload.subarray(0, length), RECEIVE_US), CODE_NONE, `${hex}, first ${length} bytes`);
    }
  }
});

test('a byte changed anywhere in a payload of MessagePack never traps', () => {
  assert.ok(countRefusedChanges(new FormatDecoder(FORMAT_MSGPACK), payloads) > 0);
});
