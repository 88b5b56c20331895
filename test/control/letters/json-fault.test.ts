import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonFault } from '../../../src/control/letters/json-fault.js';
import { Random } from '../../support/random.js';

const at = (payload: string | Uint8Array) => jsonFault(Buffer.from(payload).toString('latin1'));

test('the fault of a payload is at the first byte that no JSON has there', () => {
  const cases: [payload: string | Uint8Array, position: number | undefined][] = [
    ['{"a":1', 6],
    ['{"a":1}\0', 7],
    ['\ufeff{"a":1}', 0],
    [Buffer.from([0, 255]), 0],
    ['{"grün":x}', 9],
    ['[1,2,]', 5],
    ['[1 2]', 3],
    ['{"a" 1}', 1],
    ['{"a":1,}', 7],
    ['{"a":{"b":[true,nul]}}', 16],
    ['21,5', 2],
    ['', 0],
    [' [[]] ', undefined],
  ];
  for (const [payload, position] of cases) assert.equal(at(payload), position, String(payload));
});

test('what JSON.parse takes has no fault, and what it refuses has one', () => {
  const random = new Random();
  const text = '{"a":[1,-2.5e3,"x\\n",{"b":null}],"c":true}';
  for (let round = 0; round < 5000; round++) {
    const bytes = Buffer.from(text);
    for (let change = random.below(3); change >= 0; change--)
      bytes[random.below(bytes.length)] = random.pick([...Buffer.from('{}[],:"\\01eE+-.tfn ')]);
    const cut = bytes.subarray(0, random.chance(0.3) ? random.below(bytes.length) : bytes.length);
    let isJson = true;
    try {
      JSON.parse(cut.toString());
    } catch {
      isJson = false;
    }
    assert.equal(at(cut) === undefined, isJson, `SEED=${random.seed}: ${cut}`);
  }
});

test('a payload that nests deep is looked through without an end of the stack', () => {
  assert.equal(at('['.repeat(131_072)), 131_072);
});
