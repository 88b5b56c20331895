import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import type { BatchRow } from '../../../src/contract/batch-row.js';
import { FaultFinder } from '../../../src/control/letters/fault-finder.js';
import { letterRecord } from '../../../src/control/topics/letter-record.js';
import { ReadingRecords } from '../../../src/control/topics/reading-records.js';
import { root } from '../../source-tree.js';
import { Random } from '../../support/random.js';

const proto = protobuf.loadSync(join(root, 'deploy/kafka/records.proto'));
const place = { partition: 3, from: 1200n, to: 1207n };
const names = {
  device: (number: number) => (number < 9 ? { id: `dev-${number}`, tenant: 'a "b"' } : undefined),
  metric: (number: number) => (number === 1 ? 'temperature' : 'größe'),
};
const us = Date.UTC(2026, 0, 1) * 1000;

function decode(message: 'Reading' | 'DeadLetter', value: Uint8Array): Record<string, unknown> {
  const type = proto.lookupType(`spillway.v1.${message}`);
  return type.toObject(type.decode(value), { longs: Number, oneofs: message === 'Reading' });
}

test('a reading as JSON has names, its time to the microsecond, and its place as its id', () => {
  const records = new ReadingRecords(place, names, 'json');
  const first = records.next({ device: 1, metric: 1, tsUs: us + 7, value: 21.5 });
  assert.deepEqual([first.key, first.tenant], ['a "b"/dev-1', 'a "b"']);
  assert.equal(
    String(first.value),
    '{"id":"3-1200-1207-0","tenant":"a \\"b\\"","device_id":"dev-1","device":1,"metric":"temperature","time":"2026-01-01T00:00:00.000007Z","value":21.5}',
  );
  const text = records.next({ device: 1, metric: 2, tsUs: us, value: 'a "\n' });
  const { id, metric, value } = JSON.parse(String(text.value));
  assert.deepEqual([id, metric, value], ['3-1200-1207-1', 'größe', 'a "\n']);
  const unknown = records.next({ device: 9, metric: 2, tsUs: us, value: 1 });
  assert.deepEqual([unknown.key, unknown.tenant, JSON.parse(String(unknown.value)).device_id], [null, null, null]);
});

test('a reading as Protobuf is read by protobufjs with the .proto file', () => {
  const records = new ReadingRecords(place, names, 'protobuf');
  const { value } = records.next({ device: 1, metric: 1, tsUs: us + 7, value: -0.1 });
  assert.deepEqual(decode('Reading', value), {
    ...{ id: '3-1200-1207-0', tenant: 'a "b"', deviceId: 'dev-1', device: 1, metric: 'temperature', timeUs: us + 7 },
    ...{ number: -0.1, value: 'number' },
  });
  const text = decode('Reading', records.next({ device: 1, metric: 2, tsUs: us, value: '' }).value);
  assert.deepEqual([text.metric, text.value, text.text], ['größe', 'text', '']);
  const unknown = decode('Reading', records.next({ device: 9, metric: 2, tsUs: us, value: 0 }).value);
  assert.deepEqual([unknown.device, unknown.number, 'deviceId' in unknown], [9, 0, false]);
});

test('whatever the numbers are, both formats say the same', () => {
  const random = new Random();
  for (let round = 0; round < 200; round++) {
    const device = 1 + random.below(8);
    const row: BatchRow = {
      device,
      metric: 1 + random.below(2),
      tsUs: Date.UTC(2000, 0, 1) * 1000 + random.below(2 ** 31) * 1_500_000 + random.below(1_000_000),
      value: random.below(2) === 0 ? (random.below(2 ** 31) - 2 ** 30) / (1 + random.below(1000)) : 'ü'.repeat(random.below(300)),
    };
    const json = JSON.parse(String(new ReadingRecords(place, names, 'json').next(row).value));
    const message = decode('Reading', new ReadingRecords(place, names, 'protobuf').next(row).value);
    const micros = Date.parse(json.time) * 1000 + Number(json.time.slice(-4, -1));
    assert.deepEqual(
      [message.id, message.tenant, message.deviceId, message.device, message.metric, message.timeUs, message[String(message.value)]],
      [json.id, json.tenant, json.device_id, json.device, json.metric, micros, json.value],
      `SEED=${random.seed}, round ${round}`,
    );
    assert.equal(message.timeUs, row.tsUs);
  }
});

test('a dead letter as Protobuf is read by protobufjs, and leaves out what is not known', () => {
  const letter = {
    ...{ id: '9007199254740991', device: 1, receivedAtMs: 1_790_000_000_123, reason: 'row_refused', payload: Buffer.from('{') },
    ...{ partition: 5, logOffset: '2621440', metric: 2, sqlstate: '23514', message: 'too wet' },
    ...{ format: null, context: null, replayedAtMs: null },
  };
  const record = letterRecord(letter, names, new FaultFinder(), 'protobuf');
  assert.deepEqual([record.key, record.tenant], ['a "b"/dev-1', 'a "b"']);
  assert.deepEqual(decode('DeadLetter', record.value), {
    ...{ id: 9007199254740991, deviceId: 'dev-1', tenant: 'a "b"', receivedAtUs: 1_790_000_000_123_000, reason: 'row_refused' },
    ...{ payload: Buffer.from('{'), partition: 5, logOffset: 2621440, metric: 'größe', sqlstate: '23514', message: 'too wet' },
  });
  const bare = letterRecord({ ...letter, device: null, metric: null, sqlstate: null, message: null }, names, new FaultFinder(), 'protobuf');
  assert.deepEqual([bare.key, bare.tenant], [null, null]);
  const found = decode('DeadLetter', bare.value);
  for (const name of ['deviceId', 'tenant', 'metric', 'sqlstate', 'message']) assert.ok(!(name in found), name);
});
