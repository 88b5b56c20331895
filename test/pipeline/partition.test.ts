import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_READINGS_BYTES, BATCH_READINGS_RESERVE_BYTES, INPUT_BYTES, READING_ROW_BYTES } from '../../assembly/abi/pipeline.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import type { RowBatch } from '../../src/contract/threads/store.js';
import { kernelMemory } from '../../src/host/kernel.js';
import { Progress } from '../../src/host/progress.js';
import { schemaImage } from '../../src/host/schema-image.js';
import { FileLog } from '../../src/log/file/file-log.js';
import { LogReader } from '../../src/log/file/reader.js';
import { Partition, TURN_BYTES } from '../../src/pipeline/partition.js';
import { ModelDisk } from '../log/file/model-disk.js';
import { sealBlock } from '../support/blocks.js';
import { parseCopy } from '../support/pipeline-kernel.js';

const NOW_US = 1_790_000_000_000_000;

/** Its messages: the one metric of each, or a payload by a schema version. */
type Block = readonly (string | { readonly schema: number; readonly payload: string })[];

/** A partition over a log that holds these blocks, one metric of each record; `a` is the only one that it knows. */
function over(...blocks: readonly Block[]) {
  return announced(undefined, ...blocks);
}

/** The same, when a process before had announced a batch of the first so many blocks. */
function announced(count: number | undefined, ...blocks: readonly Block[]) {
  const disk = new ModelDisk();
  const log = FileLog.open({ folder: '/log', partitions: 1, floors: [], report: () => {}, disk });
  const ends = blocks.map((metrics) => {
    const payloads = metrics.map((metric, index) => {
      const record = { device: 1 + index, receiveUs: NOW_US };
      if (typeof metric === 'string') return { ...record, payload: `{"metrics":{"${metric}":1}}` };
      return { ...record, payload: metric.payload, context: { profile: 0, schema: metric.schema } };
    });
    log.append(0, [sealBlock(0, payloads)]);
    log.commit();
    return log.partitions[0]?.durable ?? 0n;
  });
  const progress = new Progress(Progress.memory(1));
  progress.setDurable(0, ends.at(-1) ?? 0n, 0n);
  const unknown: string[] = [];
  const unknownSchemas: number[] = [];
  const batches: RowBatch[] = [];
  const partition = new Partition(
    0,
    kernelMemory(PIPELINE_END),
    0n,
    new LogReader('/log', disk),
    progress,
    {
      batch: (batch) => batches.push(batch),
      unknownSchemas: (_, numbers) => unknownSchemas.push(...numbers),
      unknownMetrics: (_, _device, names) => unknown.push(...names),
      halted: (_, message) => assert.fail(message),
      missing: () => assert.fail('no record is missing'),
      gap: () => assert.fail('the log has a gap'),
      audited: () => {},
    },
    count === undefined ? undefined : ends[count - 1],
  );
  partition.addMetric('a', 1);
  return { partition, ends, unknown, unknownSchemas, batches };
}

test('rows of a block that waits for names go to the store with the rest of it, never before', () => {
  const { partition, ends, unknown } = over(['a', 'a'], ['a', 'b', 'a']);
  partition.step(0);
  assert.deepEqual(unknown, ['b']);
  assert.equal(partition.position, ends[0]);
  assert.ok(!partition.batches.pending, 'its rows belong to an offset that is not reached');
  partition.addMetric('b', 2);
  partition.metricsAnswered(false);
  assert.ok(!partition.batches.pending);
  partition.step(1);
  assert.ok(partition.batches.pending);
  const { from, to, readings, records } = partition.batches.seal();
  assert.deepEqual([from, to, readings.rows, records], [0n, ends[1], 5, 5]);
});

test('a block that waited for names is finished in its batch, however full the batch is', () => {
  // Records of one reading each: as many as leave room for one more block before the last, and none after its first records.
  const rows = Math.floor((BATCH_READINGS_BYTES - BATCH_READINGS_RESERVE_BYTES) / READING_ROW_BYTES);
  const full = Array.from({ length: 4000 }, () => 'a');
  const before = Array.from({ length: Math.floor(rows / full.length) }, () => full);
  const rest = rows - before.length * full.length;
  const { partition, ends, batches } = over(...before, [...Array.from({ length: rest + 10 }, () => 'a'), 'b', 'a']);
  while (partition.step(0));
  assert.deepEqual(batches, [], 'it waits');
  partition.addMetric('b', 2);
  partition.metricsAnswered(false);
  while (partition.step(1));
  assert.deepEqual(batches, []);
  const { to, readings } = partition.batches.seal();
  assert.deepEqual([to, readings.rows], [ends.at(-1), rows + 12]);
});

test('a batch that was announced is made again as it was, however much the log has', () => {
  const { partition, ends, batches } = announced(2, ['a', 'a'], ['a'], ['a'], ['a']);
  while (partition.step(0));
  assert.deepEqual(
    batches.map(({ from, to, readings }) => [from, to, readings.rows]),
    [[0n, ends[1], 3]],
  );
  const { from, to, readings } = partition.batches.seal();
  assert.deepEqual([from, to, readings.rows], [ends[1], ends[3], 2]);
});

test('a turn runs so much of the log, in several reads, that a full one is worth its state, and leaves the rest to the next', () => {
  const block = Array.from({ length: 4000 }, () => 'a');
  const { partition, ends } = over(...Array.from({ length: 22 }, () => block));
  const blockBytes = Number(ends[0]);
  assert.ok(Number(ends.at(-1)) > 1.5 * TURN_BYTES);
  assert.ok(partition.step(0));
  const ran = Number(partition.position);
  assert.ok(ran <= TURN_BYTES && ran > TURN_BYTES - (TURN_BYTES / INPUT_BYTES) * blockBytes, `${ran}`);
  assert.ok(partition.step(0));
  assert.equal(partition.position, ends.at(-1));
  assert.ok(!partition.step(0));
});

test('a partition that is revoked before the end of an announced batch commits the rows it has', () => {
  const { partition, ends } = announced(3, ['a'], ['a'], ['a']);
  partition.endAt(ends[0] as bigint);
  while (partition.step(0));
  assert.ok(partition.batches.pending);
  assert.equal(partition.batches.seal().to, ends[0]);
});

test('a block that fills its batch in the middle is committed as one, with what was full as parts of it', () => {
  const { partition, ends, batches, unknownSchemas } = over(Array.from({ length: 1000 }, () => ({ schema: 1, payload: '{"a":1}' })));
  partition.step(0);
  assert.deepEqual(unknownSchemas, [1]);
  const fields = Array.from({ length: 300 }, (_, field) => ({ name: `f${field}`, type: 'number', default: field }) as const);
  const plan = { number: 1, mode: 'strict', others: 'read', fields } as const;
  for (const [index, { name }] of fields.entries()) partition.addMetric(name, 2 + index);
  partition.laySchemas(new Map([[1, schemaImage(plan, (metric) => (metric === 'a' ? 1 : 2 + Number(metric.slice(1))))]]), []);
  while (partition.step(1));
  assert.deepEqual(batches, [], 'no part is committed before the rest');
  const { to, parts, readings, records } = partition.batches.seal();
  assert.deepEqual([to, records, parts.length > 1], [ends[0], 1000, true]);
  assert.equal(
    parts.reduce((sum, part) => sum + part.readings.rows, readings.rows),
    1000 * 301,
  );
  for (const { memory, readings: part } of parts) {
    const bytes = Buffer.from(memory, part.offset, part.bytes);
    assert.deepEqual([parseCopy(bytes).length, part.rows > 0], [part.rows, true]);
  }
});
