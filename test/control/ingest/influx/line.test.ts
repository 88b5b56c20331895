import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inNanoseconds, precisions, tagOf } from '../../../../src/control/ingest/influx/line.js';

function rewritten(line: string, precision: string): string {
  return Buffer.from(inNanoseconds(Buffer.from(line), precisions.get(precision)!)).toString();
}

test('the time of a line is in nanoseconds, whatever its precision, to the digit', () => {
  assert.equal(rewritten('m v=1 1796029200123', 'ms'), 'm v=1 1796029200123000000');
  assert.equal(rewritten('m v=1 1796029200123456', 'us'), 'm v=1 1796029200123456000');
  assert.equal(rewritten('m v=1 1796029200', 's'), 'm v=1 1796029200000000000');
  assert.equal(rewritten('m v=1 -5', 's'), 'm v=1 -5000000000');
  assert.equal(rewritten('m v=1 29933820', 'm'), 'm v=1 1796029200000000000');
  assert.equal(rewritten('m v=1 1796029200123456789', 'ns'), 'm v=1 1796029200123456789');
});

test('what is no time stays as it is', () => {
  for (const line of ['m v=1', 'm,t=a v="x 5"', 'm 5', 'm v=1 5x', 'm v=1 1.5', 'm v=1 ', 'm v=1 1234567890123456789']) {
    assert.equal(rewritten(line, 'ms'), line);
  }
});

test('the first of the wanted tags that a line has names its device, escapes undone', () => {
  const tag = (line: string, ...names: string[]) => tagOf(Buffer.from(line), names);
  assert.deepEqual(tag('cpu,host=a,device_id=b v=1', 'device_id', 'host'), { name: 'device_id', value: 'b' });
  assert.deepEqual(tag('cpu,host=a v=1', 'device_id', 'host'), { name: 'host', value: 'a' });
  assert.deepEqual(tag(String.raw`my\ cpu\,x,a=1,ho\=st=a\ b\,c v=1`, 'ho=st'), { name: 'ho=st', value: 'a b,c' });
  for (const line of ['cpu v=1', 'cpu,host= v=1', 'cpu,host v=1', 'cpu host="a"', 'cpu,hosts=a v=1', '', 'cpu,host', 'cpu,host=']) {
    assert.equal(tag(line, 'host'), undefined, line);
  }
});
