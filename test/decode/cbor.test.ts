import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_CBOR } from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { bytesOf } from '../cases/binary.js';
import { appendixA, cborItems, cborMessages } from '../cases/cbor.js';
import { RECEIVE_US } from '../cases/payloads.js';
import { checkCuts, checkItems, checkMessages, countRefusedChanges } from './binary-cases.js';
import { FormatDecoder } from './format-decoder.js';

/** { "a": item } */
const asMetric = (item: Buffer) => Buffer.concat([Buffer.from('a16161', 'hex'), item]);
const payloads = [...[...appendixA, ...cborItems].map(([hex]) => asMetric(bytesOf(hex))), ...cborMessages.map(({ hex }) => bytesOf(hex))];

test('every example of RFC 8949 appendix A is read as it says', () => {
  checkItems(new FormatDecoder(FORMAT_CBOR), appendixA, asMetric);
});

test('items of CBOR are readings, cost themselves, or cost the message', () => {
  checkItems(new FormatDecoder(FORMAT_CBOR), cborItems, asMetric);
});

test('messages in CBOR have the samples of the catalogue, or its code', () => {
  checkMessages(new FormatDecoder(FORMAT_CBOR), cborMessages);
});

test('a payload of CBOR cut at any byte is read the same, whatever comes after it', () => {
  checkCuts(new FormatDecoder(FORMAT_CBOR), payloads);
});

test('a well-formed item of CBOR that is cut is refused', () => {
  const decoder = new FormatDecoder(FORMAT_CBOR);
  for (const { hex, code = CODE_NONE } of cborMessages) {
    const payload = bytesOf(hex);
    if (code !== CODE_NONE) continue;
    for (let length = 0; length < payload.length; length++) {
      assert.notEqual(decoder.probe(payload.subarray(0, length), RECEIVE_US), CODE_NONE, `${hex}, first ${length} bytes`);
    }
  }
});

test('a byte changed anywhere in a payload of CBOR never traps', () => {
  assert.ok(countRefusedChanges(new FormatDecoder(FORMAT_CBOR), payloads) > 0);
});
