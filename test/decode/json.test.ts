import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_JSON_MALFORMED, CODE_NONE } from '../../assembly/abi/codes.js';
import { JSON_DEPTH_MAX } from '../../assembly/abi/limits.js';
import { payloadCases, RECEIVE_US } from '../cases/payloads.js';
import { Decoder } from './decoder.js';

/** What may lie behind a payload in memory: read as its continuation, much of it would change the code. */
const deep = '['.repeat(JSON_DEPTH_MAX + 1);
const behind = [
  ...['', '"', '}', '}}}', '0000000000000000000000', '"}}', ':1}}', 'u0041"}}', '\\ude00"}}', 'ude00"', '00"', '\xff', '\x80\x80\x80'],
  ...[deep, `,${deep}`, `:${deep}`, `":${deep}`, `",${deep}`, `,"x":${deep}`, `","x":${deep}`, `x":${deep}`, `e,${deep}`, `1,${deep}`],
  ...[`"x":${deep}`, `],${deep}`, `\x80",${deep}`, `n",${deep}`, `u0041",${deep}`, `0",${deep}`, `\\ude00",${deep}`, `ude00",${deep}`],
].map((text) => Buffer.from(text.padEnd(64, '\xff'), 'latin1'));

test('every payload of the catalogue gets its code or its readings', () => {
  const decoder = new Decoder();
  for (const { name, payload, code, readings, tsUs, seq, nulls } of payloadCases) {
    const decoded = decoder.decode(payload, RECEIVE_US);
    assert.equal(decoded.code, code, name);
    if (code !== CODE_NONE) continue;
    assert.deepEqual(decoded, { code, readings, tsUs, seq, nulls: nulls ?? 0 }, name);
  }
});

test('names in the catalogue are unique', () => {
  assert.equal(new Set(payloadCases.map(({ name }) => name)).size, payloadCases.length);
});

test('a payload cut at any byte is refused, with the same code whatever bytes follow it', () => {
  const decoder = new Decoder();
  for (const { name, payload } of payloadCases) {
    // Of long payloads the first and last bytes: between them is more of the same.
    const lengths = Array.from({ length: payload.length }, (_, i) => i).filter((i) => i < 300 || i >= payload.length - 100);
    for (const length of lengths) {
      const cut = payload.subarray(0, length);
      const [first, ...others] = behind.map((after) => decoder.decode(cut, RECEIVE_US, after).code);
      if (!isWhole(cut)) assert.notEqual(first, CODE_NONE, `${name}, first ${length} bytes`);
      for (const other of others) assert.equal(other, first, `${name}, first ${length} bytes`);
    }
  }
});

/** Whether a cut payload happens to be a whole object, as "two objects" cut in the middle is. */
function isWhole(cut: Uint8Array): boolean {
  try {
    return typeof JSON.parse(Buffer.from(cut).toString()) === 'object';
  } catch {
    return false;
  }
}

test('a byte changed anywhere never traps', () => {
  const decoder = new Decoder();
  const bytes = [0x00, 0x09, 0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x3a, 0x5b, 0x5c, 0x5d, 0x65, 0x7b, 0x7d, 0x80, 0xc3, 0xff];
  let refused = 0;
  for (const { payload } of payloadCases) {
    if (payload.length > 300) continue;
    for (let at = 0; at < payload.length; at++) {
      for (const byte of bytes) {
        const changed = Uint8Array.from(payload);
        changed[at] = byte;
        if (decoder.probe(changed, RECEIVE_US) !== CODE_NONE) refused++;
      }
    }
  }
  assert.ok(refused > 0);
});

test('a refused payload leaves no time, readings or names behind for the next one', () => {
  const decoder = new Decoder();
  assert.equal(decoder.decode('{"ts":1700000000123,"seq":5,"metrics":{"a":null,"b":1},"x"}', RECEIVE_US).code, CODE_JSON_MALFORMED);
  assert.deepEqual(decoder.unknownNames(), []);
  const decoded = decoder.decode('{"metrics":{"b":2}}', RECEIVE_US);
  assert.deepEqual(decoded, { code: CODE_NONE, readings: [['b', 2]], tsUs: undefined, seq: undefined, nulls: 0 });
  assert.deepEqual(decoder.names, ['', 'b']);
});
