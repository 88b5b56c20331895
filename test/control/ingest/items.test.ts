import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FORMAT_BY_SHAPE,
  FORMAT_CBOR,
  FORMAT_JSON,
  FORMAT_LINE_PROTOCOL,
  FORMAT_NDJSON,
  FORMAT_SENML_JSON,
} from '../../../assembly/abi/block.js';
import { ITEMS_MAX, itemsOf } from '../../../src/control/ingest/items.js';
import { fuzzScale, Random } from '../../support/random.js';

function cut(body: string, format: number = FORMAT_BY_SHAPE, isRefused = false): [number, string[]] {
  const items = itemsOf(Buffer.from(body), format, () => isRefused);
  return [items.format, items.payloads.map((payload) => Buffer.from(payload).toString())];
}

test('an array of objects is cut into them as they are written, and one that is malformed within its brackets is an item', () => {
  const items = ['{"a":[1,{"b":"]},{"}]}', String.raw`{"c":"\"}"}`, '{"d":}', '{}'];
  assert.deepEqual(cut(` [ ${items.join(' ,\n ')} ] \n`), [FORMAT_BY_SHAPE, items]);
  assert.deepEqual(cut('[{"a":1}]'), [FORMAT_BY_SHAPE, ['{"a":1}']]);
});

test('arrays of other values, arrays that end too soon, packs of SenML and binary bodies are one message', () => {
  const whole = [
    ...['[]', '[1,2]', '[{"a":1},2]', '[{"a":1}', '[{"a":1},]', '[{"a":1}]x', '[{"a":"1]', '{"a":1}', '47.3', '"[{}]"', 'nonsense'],
    '[{"bn":"urn:dev:ow:1","n":"t","v":1},{"n":"h","v":2}]',
    '[{"n":"t","v":1},{"n":"h","v":2}]',
  ];
  for (const body of whole) assert.deepEqual(cut(body), [FORMAT_BY_SHAPE, [body]], body);
  assert.deepEqual(cut('[{"n":"t","unit":"C"},{"n":"h"}]')[1].length, 2, 'a member that SenML does not have');
  assert.deepEqual(cut('[{}]', FORMAT_CBOR), [FORMAT_CBOR, ['[{}]']]);
});

test('JSON on lines is cut at the lines, and without its type only where the first line is an object', () => {
  assert.deepEqual(cut('{"a":1}\n\n  nonsense\r\n{"b":2}\n', FORMAT_NDJSON), [FORMAT_JSON, ['{"a":1}', 'nonsense', '{"b":2}']]);
  assert.deepEqual(cut('{"a":1}\n{"b":}\n'), [FORMAT_BY_SHAPE, ['{"a":1}', '{"b":}']]);
  const pretty = '{\n  "a": 1\n}';
  assert.deepEqual(cut(pretty), [FORMAT_BY_SHAPE, [pretty]]);
  assert.deepEqual(cut('{"a":\n1}'), [FORMAT_BY_SHAPE, ['{"a":\n1}']]);
});

test('line protocol is cut at the line feeds outside quotes, and its comments are left out', () => {
  const lines = ['cpu,host=a\\ b usage=1,text="x\ny" 1', 'bad line', 'mem free=2i', String.raw`disk path="C:\\" 3`];
  assert.deepEqual(cut(`# a comment\n${lines.join('\r\n')}\n\n`), [FORMAT_LINE_PROTOCOL, lines]);
  assert.deepEqual(cut('cpu usage=1'), [FORMAT_LINE_PROTOCOL, ['cpu usage=1']]);
  assert.deepEqual(
    cut('cpu text="open\nmem free=2i', FORMAT_LINE_PROTOCOL)[1],
    ['cpu text="open', 'mem free=2i'],
    'nothing closes the quote',
  );
  for (const text of ['on', 'hello world', '21.5 C', 'a=b']) assert.deepEqual(cut(text), [FORMAT_BY_SHAPE, [text]], text);
});

test('a body of more items than one may have is one message', () => {
  const most = `[${new Array(ITEMS_MAX).fill('{}').join(',')}]`;
  assert.equal(cut(most)[1].length, ITEMS_MAX);
  assert.equal(cut(`${most.slice(0, -1)},{}]`)[1].length, 1);
});

test('a pack of SenML of which a record cannot be read is cut into its records, each with its base values', () => {
  const pack = '[{"bn":"urn:dev:ow:1:","bt":1796029200.5},{"n":"t","v":1},{"bt":1,"n":"h","v":"x"},{"n":"d","v":},{"vb":true}]';
  const base = '"bn":"urn:dev:ow:1:","bt":1796029200.5,';
  const records = [
    `[{${base}"n":"t","v":1}]`,
    '[{"bn":"urn:dev:ow:1:","bt":1,"n":"h","v":"x"}]',
    '[{"bn":"urn:dev:ow:1:","bt":1,"n":"d","v":}]',
    '[{"bn":"urn:dev:ow:1:","bt":1,"vb":true}]',
  ];
  for (const format of [FORMAT_BY_SHAPE, FORMAT_SENML_JSON]) {
    assert.deepEqual(cut(pack, format, true), [FORMAT_SENML_JSON, records]);
    assert.deepEqual(cut(pack, format), [format, [pack]], 'a pack that can be read stays together');
  }
});

test('a pack stays one where base values are not certain, or it speaks of several devices', () => {
  const good = '{"n":"t","v":1}';
  for (const first of [
    '{"bn":"a","bt":}',
    '{"bn":5,"n":"x","v":1}',
    '{"bn":"a","bn":"b","n":"x","v":1}',
    '{"bn":"urn:dev:ow:1:","n":"x","v":1},{"bn":"urn:dev:ow:2:","n":"x","v":1}',
  ]) {
    const pack = `[${first},${good}]`;
    assert.deepEqual(cut(pack, FORMAT_SENML_JSON, true), [FORMAT_SENML_JSON, [pack]], first);
  }
});

test('an array is cut where JSON.parse finds its elements, and one that is cut off anywhere is one message', () => {
  const random = new Random();
  console.log(`items seed ${random.seed}`);
  const text = () =>
    Array.from({ length: random.int(0, 5) }, () => random.pick(['a', '"', '\\', '{', '}', '[', ']', ',', 'ö', '\n'])).join('');
  const value = (depth: number): unknown => {
    if (depth === 0 || random.chance(0.4)) return random.pick([text(), random.int(-5, 5), true, null]);
    const members = Array.from({ length: random.int(0, 3) }, () => [text(), value(depth - 1)] as const);
    return random.chance(0.5) ? Object.fromEntries(members) : members.map(([, inner]) => inner);
  };
  for (let round = 0; round < 300 * fuzzScale; round++) {
    const documents = Array.from({ length: random.int(1, 4) }, () => Object.fromEntries([['first', value(3)] as const]));
    const body = JSON.stringify(documents, undefined, random.pick([0, 1]));
    const [, items] = cut(body);
    assert.deepEqual(
      items.map((item) => JSON.parse(item)),
      documents,
    );
    for (let end = 0; end < body.length; end++) assert.equal(cut(body.slice(0, end))[1].length, 1);
  }
});
