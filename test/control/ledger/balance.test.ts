import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_AT_RECORDS } from '../../../assembly/abi/block.js';
import { COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_RECEIVED } from '../../../assembly/abi/counters.js';
import { imbalances } from '../../../src/control/ledger/balance.js';
import { partitionFolder, segmentPath } from '../../../src/log/file/segment.js';
import { AcceptedMessages } from '../../../src/plane/accepted-messages.js';
import { readDeviceTotals, readRefused } from '../../../src/plane/ledger-readings.js';
import { Random } from '../../support/random.js';
import { PlaneInOneThread } from './plane-in-one-thread.js';

const devices = [1, 2, 3, 4, 5].map((number) => ({ number, id: `d-${number}`, status: 'active' as const }));
const off = { number: 6, id: 'd-6', status: 'inactive' as const };

const message = (seq: number) => JSON.stringify({ ts: 1_790_000_000_000 + seq, metrics: { v: 1 }, seq });

test('whatever is in flight where, the books balance; in the end nothing is in flight', () => {
  const random = new Random();
  console.log(`SEED=${random.seed}`);
  const plane = new PlaneInOneThread([...devices, off]);
  plane.driver.kernel.setClock(1_790_000_100_000_000, 1);
  let refused = 0;
  for (let round = 0; round < 2000; round++) {
    const step = random.below(10);
    const payload = random.chance(0.1) ? 'no json' : message(random.below(500));
    if (step < 6) {
      const device = random.pick([...devices, off]);
      if (plane.ingest(device.number, payload) !== 0) refused++;
    } else if (step === 6) plane.push();
    else if (step === 7) plane.log();
    else if (step === 8) plane.release();
    else plane.pipeline();
    assert.deepEqual(imbalances(plane.audits()), [], `round ${round}`);
  }
  for (const drain of [plane.push, plane.log, plane.release, plane.pipeline]) drain.call(plane);
  const { gateways, partitions } = plane.audits();
  assert.deepEqual(imbalances({ gateways, partitions }), []);
  assert.equal(gateways[0]?.held, 0);
  assert.equal(partitions[0]?.run, gateways[0]?.accepted);
  assert.equal(gateways[0]?.refused, refused);
  assert.deepEqual([...readRefused([plane.driver.memory])], [{ device: 6, code: 'device_inactive', count: refused }]);
  for (const one of readDeviceTotals([plane.partition.memory], new AcceptedMessages([plane.driver.memory]))) {
    assert.equal(one.inFlight, 0, `device ${one.device}`);
  }
});

test('one message lost between log and pipeline is found, and whose it was', () => {
  const plane = new PlaneInOneThread(devices);
  const round = (seq: number) => {
    for (const { number } of devices.slice(0, 2)) plane.ingest(number, message(seq));
    for (const step of [plane.push, plane.log, plane.release, plane.pipeline]) step.call(plane);
  };
  round(1);
  assert.deepEqual(imbalances(plane.audits()), []);
  plane.reader.losesNext = true;
  round(2);
  const found = [{ at: 'partition 0', between: 'logged and run', missing: 1 }];
  assert.deepEqual(imbalances(plane.audits()), found);
  round(3);
  assert.deepEqual(imbalances(plane.audits()), found, 'later traffic does not hide it');
  const totals = [...readDeviceTotals([plane.partition.memory], new AcceptedMessages([plane.driver.memory]))];
  assert.deepEqual(
    totals.map(({ device, inFlight }) => [device, inFlight]),
    [
      [1, 0],
      [2, 1],
    ],
  );
});

test('messages in a gap of the log are lost, exactly so many, and that is an alarm of its own', () => {
  const plane = new PlaneInOneThread(devices);
  const take = (seqs: readonly number[], runs: boolean) => {
    for (const seq of seqs) plane.ingest(1, message(seq));
    for (const step of [plane.push, plane.log, plane.release]) step.call(plane);
    if (runs) plane.pipeline();
  };
  take([1, 2], true);
  const at = Number(plane.partition.position);
  take([3, 4, 5], false);
  take([6], false);
  // The header is gone: nobody can read from it how many there were.
  plane.disk.damage(segmentPath(partitionFolder('/log', 0), 0n), at + BLOCK_AT_RECORDS);
  plane.pipeline();
  const found = [{ at: 'partition 0', between: 'logged and readable', missing: 3 }];
  assert.deepEqual(imbalances(plane.audits()), found);
  take([7], true);
  assert.deepEqual(imbalances(plane.audits()), found, 'no more than that, and not forgotten');
  const [{ lost = 0, run = 0, logged = 0 } = {}] = plane.audits().partitions;
  assert.deepEqual([lost, run, logged], [3, 4, 7]);
  const [device] = readDeviceTotals([plane.partition.memory], new AcceptedMessages([plane.driver.memory]));
  assert.equal(device?.inFlight, 3, 'what was taken in and never run');
});

test('a block that the log did not take, and a record that the gateway lost, are found', () => {
  const plane = new PlaneInOneThread(devices);
  plane.ingest(1, message(1));
  plane.ingest(1, message(2));
  plane.push();
  // It counts as released without ever having been taken.
  plane.ring.release(1);
  plane.release();
  assert.deepEqual(imbalances(plane.audits()), [{ at: 'gateway 0', between: 'durable and logged', missing: 2 }]);

  const other = new PlaneInOneThread(devices);
  const counters = other.driver.memory.counters;
  counters[COUNTER_GATEWAY_RECEIVED] = 3n;
  counters[COUNTER_GATEWAY_ACCEPTED] = 2n;
  assert.deepEqual(imbalances(other.audits()), [
    { at: 'gateway 0', between: 'received and accepted + rejected', missing: 1 },
    { at: 'gateway 0', between: 'accepted and durable + in blocks', missing: 2 },
  ]);
});
