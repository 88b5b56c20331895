import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_BY_SHAPE, FORMAT_SENML_CBOR, FORMAT_SENML_JSON } from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { bytesOf } from '../cases/binary.js';
import { RECEIVE_US } from '../cases/payloads.js';
import { senmlCbor, senmlJson } from '../cases/senml.js';
import { fuzzScale, Random } from '../support/random.js';
import { checkCuts, checkMessages, countRefusedChanges } from './binary-cases.js';
import { FormatDecoder } from './format-decoder.js';

const asHex = senmlJson.map(({ text, ...rest }) => ({ ...rest, hex: Buffer.from(text).toString('hex') }));
const kinds = [
  { name: 'JSON', format: FORMAT_SENML_JSON, cases: asHex },
  { name: 'CBOR', format: FORMAT_SENML_CBOR, cases: senmlCbor },
];

for (const { name, format, cases } of kinds) {
  const payloads = cases.map(({ hex }) => bytesOf(hex));

  test(`packs of SenML in ${name} have the samples of the catalogue, or its code`, () => {
    checkMessages(new FormatDecoder(format), cases);
  });

  test(`a pack of SenML in ${name} cut at any byte is refused, whatever comes after it`, () => {
    const decoder = new FormatDecoder(format);
    checkCuts(decoder, payloads);
    for (const { hex, code = CODE_NONE } of cases) {
      const payload = bytesOf(hex);
      if (code !== CODE_NONE) continue;
      for (let length = 0; length < payload.length; length++) {
        assert.notEqual(decoder.probe(payload.subarray(0, length), RECEIVE_US), CODE_NONE, `${hex}, first ${length} bytes`);
      }
    }
  });

  test(`a byte changed anywhere in a pack of SenML in ${name}, and random bytes, never trap`, () => {
    const decoder = new FormatDecoder(format);
    assert.ok(countRefusedChanges(decoder, payloads) > 0);
    const random = new Random();
    for (let i = 0; i < 3000 * fuzzScale; i++) {
      const bytes = Buffer.concat([random.pick(payloads), Buffer.from(Array.from({ length: random.below(20) }, () => random.below(256)))]);
      decoder.probe(bytes.subarray(random.below(bytes.length + 1)), RECEIVE_US);
    }
  });
}

test('a pack of which nobody names the format is seen to be SenML', () => {
  const packs = [...asHex, ...senmlCbor].filter(({ name }) => /^(base fields, times|no value beside|sums|one value)/.test(name));
  assert.ok(packs.length >= 5);
  checkMessages(new FormatDecoder(FORMAT_BY_SHAPE), packs);
  // Members of other documents may be named as labels are.
  const others = Buffer.from('[{"v":1,"t":2},{"v":3}]').toString('hex');
  checkMessages(new FormatDecoder(FORMAT_BY_SHAPE), [
    { name: 'others', hex: others, samples: [{ readings: { v: 1, t: 2 } }, { readings: { v: 3 } }] },
  ]);
});
