import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode as encodeMsgpack } from '@msgpack/msgpack';
import { encode as encodeCbor } from 'cbor2';
import {
  BLOCK_DONE,
  BLOCK_NEEDS_METRICS,
  FORMAT_BY_SHAPE,
  FORMAT_CAYENNE,
  FORMAT_CBOR,
  FORMAT_JSON,
  FORMAT_LINE_PROTOCOL,
  FORMAT_MSGPACK,
  FORMAT_NDJSON,
  FORMAT_SENML_CBOR,
  FORMAT_SENML_JSON,
} from '../../assembly/abi/block.js';
import { INPUT_OFFSET } from '../../assembly/abi/pipeline.js';
import { sealBlock, type TestRecord } from '../support/blocks.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const RECEIVED_US = Date.UTC(2026, 10, 30, 9) * 1000;

/** How often a kernel asks for names while it runs one message, each of which is denied. */
function asked(kernel: TestKernel, record: Omit<TestRecord, 'receiveUs'>, receiveUs = RECEIVED_US): number {
  const block = sealBlock(0, [{ receiveUs, ...record }]);
  kernel.memory.bytes.set(block, INPUT_OFFSET);
  let times = 0;
  let result = kernel.kernel.processBlocks(0, block.length, kernel.logOffset, false, false);
  for (; result === BLOCK_NEEDS_METRICS; times++) {
    assert.equal(kernel.kernel.unknownMetricsDevice(), record.device);
    result = kernel.kernel.processBlocks(0, block.length, kernel.logOffset, false, true);
  }
  assert.equal(result, BLOCK_DONE);
  kernel.logOffset += block.length;
  return times;
}

const senml = [
  { n: 'known', v: 1 },
  { n: 'new', v: 2 },
];
const formats: readonly [name: string, format: number, payload: string | Uint8Array, known: string][] = [
  ['our own JSON', FORMAT_BY_SHAPE, '{"metrics":{"new":2,"known":1}}', 'known'],
  ['flat JSON', FORMAT_JSON, '{"known":1,"new":2}', 'known'],
  ['lines of JSON', FORMAT_NDJSON, '{"new":2}\n{"known":1}', 'known'],
  ['CBOR', FORMAT_CBOR, encodeCbor({ new: 2, known: 1 }), 'known'],
  ['MessagePack', FORMAT_MSGPACK, encodeMsgpack({ known: 1, new: 2 }), 'known'],
  ['line protocol', FORMAT_LINE_PROTOCOL, 'm new=2,known=1', 'm.known'],
  ['SenML', FORMAT_SENML_JSON, JSON.stringify(senml), 'known'],
  [
    'SenML in CBOR',
    FORMAT_SENML_CBOR,
    encodeCbor(
      senml.map(
        ({ n, v }) =>
          new Map<number, unknown>([
            [0, n],
            [2, v],
          ]),
      ),
    ),
    'known',
  ],
  ['Cayenne', FORMAT_CAYENNE, Buffer.from('03670110056800', 'hex'), 'temperature_3'],
];

for (const [name, format, payload, known] of formats) {
  test(`known names of a message of ${name} are stored, and readings of those that are denied are left out`, () => {
    const kernel = new TestKernel();
    kernel.addMetric(known);
    assert.equal(asked(kernel, { device: 7, payload, format }), 1);
    const { readings, deads } = kernel.take();
    assert.deepEqual([readings.map(({ metric }) => metric), deads.map(({ reason }) => reason)], [[known], []]);
  });
}

test('a name that was denied to a device is not asked for again within a minute, and then is', () => {
  const kernel = new TestKernel();
  const record = { device: 7, payload: '{"metrics":{"new":1}}' };
  assert.equal(asked(kernel, record), 1);
  assert.equal(asked(kernel, record, RECEIVED_US + 1), 0);
  assert.equal(asked(kernel, { ...record, device: 8 }, RECEIVED_US + 2), 1, 'it was not denied to another device');
  assert.equal(asked(kernel, record, RECEIVED_US + 60_000_000), 0);
  assert.equal(asked(kernel, record, RECEIVED_US + 60_000_001), 1);
  const { readings, deads } = kernel.take();
  assert.deepEqual([readings.length, deads.map(({ reason }) => reason)], [0, Array(5).fill('metric_unknown')]);
});

test('a name that was denied and is known since is stored', () => {
  const kernel = new TestKernel();
  const record = { device: 7, payload: '{"metrics":{"new":1}}' };
  asked(kernel, record);
  kernel.addMetric('new');
  assert.equal(asked(kernel, record, RECEIVED_US + 1), 0);
  assert.equal(kernel.take().readings.length, 1);
});
