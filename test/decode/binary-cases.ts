import assert from 'node:assert/strict';
import { CODE_METRICS_MISSING, CODE_NONE } from '../../assembly/abi/codes.js';
import { type BinaryCase, bytesOf, type ItemCase } from '../cases/binary.js';
import { RECEIVE_US } from '../cases/payloads.js';
import type { FormatDecoder } from './format-decoder.js';

/** Holds a decoder to items that stand for the value of a metric: `around` makes a whole message of one. */
export function checkItems(decoder: FormatDecoder, items: readonly ItemCase[], around: (item: Buffer) => Buffer): void {
  for (const [hex, outcome, note] of items) {
    const message = decoder.decode(around(bytesOf(hex)), RECEIVE_US);
    const { code, samples, nulls, skipped, rounded } = message;
    const held = Object.fromEntries(samples.flatMap(({ readings }) => readings));
    if (outcome === null) {
      assert.deepEqual([code, held, nulls, skipped], [CODE_NONE, {}, 1, 0], hex);
    } else if (typeof outcome !== 'object') {
      assert.equal(code, CODE_NONE, hex);
      assert.deepStrictEqual(held, { a: outcome }, hex);
      assert.deepEqual([nulls, skipped, rounded], [0, 0, note === 'rounded' ? 1 : 0], hex);
    } else if ('refused' in outcome) {
      assert.equal(code, outcome.refused, hex);
    } else if ('code' in outcome) {
      // Alone in its message, it is the reason to refuse that.
      assert.deepEqual([code, skipped], [outcome.code, 1], hex);
    } else {
      const isEmpty = Object.keys(outcome).length === 0;
      assert.deepStrictEqual([code, held], [isEmpty ? CODE_METRICS_MISSING : CODE_NONE, outcome], hex);
    }
  }
}

export function checkMessages(decoder: FormatDecoder, cases: readonly BinaryCase[]): void {
  for (const { name, hex, code = CODE_NONE, samples = [], nulls = 0, skipped = 0 } of cases) {
    const message = decoder.decode(bytesOf(hex), RECEIVE_US);
    assert.equal(message.code, code, name);
    if (code !== CODE_NONE) continue;
    const held = message.samples.map(({ readings, ...rest }) => ({ readings: Object.fromEntries(readings), ...rest }));
    assert.deepStrictEqual(held, samples, name);
    assert.deepEqual([message.nulls, message.skipped], [nulls, skipped], name);
  }
}

/** Cuts each payload at every byte: it is refused, and whatever comes after it makes no difference. */
export function checkCuts(decoder: FormatDecoder, payloads: readonly Buffer[]): void {
  for (const payload of payloads) {
    for (let length = 0; length < Math.min(payload.length, 200); length++) {
      const [first, ...others] = decoder.decodePoisoned(payload.subarray(0, length), RECEIVE_US);
      const about = `${payload.toString('hex')}, first ${length} bytes`;
      for (const other of others) assert.deepEqual(other, first, about);
    }
    const [whole, ...others] = decoder.decodePoisoned(payload, RECEIVE_US);
    for (const other of others) assert.deepEqual(other, whole, payload.toString('hex'));
  }
}

/** Changes each byte of each payload: nothing traps. Answers how many of the changed ones are refused. */
export function countRefusedChanges(decoder: FormatDecoder, payloads: readonly Buffer[]): number {
  const bytes = [0x00, 0x1f, 0x3b, 0x5f, 0x61, 0x7b, 0x7f, 0x81, 0x9f, 0xa1, 0xbf, 0xc1, 0xc4, 0xc7, 0xd8, 0xdd, 0xdf, 0xf8, 0xff];
  let refused = 0;
  for (const payload of payloads) {
    for (let at = 0; at < Math.min(payload.length, 200); at++) {
      for (const byte of bytes) {
        const changed = Buffer.from(payload);
        changed[at] = byte;
        if (decoder.probe(changed, RECEIVE_US) !== CODE_NONE) refused++;
      }
    }
  }
  return refused;
}
