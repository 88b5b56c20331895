import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_DONE } from '../../../assembly/abi/block.js';
import {
  COUNTER_PIPELINE_DEAD,
  COUNTER_PIPELINE_DUPLICATE,
  COUNTER_PIPELINE_RECORDS,
  COUNTER_PIPELINE_STORED,
} from '../../../assembly/abi/counters.js';
import { LATEST_OFFSET } from '../../../assembly/abi/pipeline.js';
import {
  ACCOUNTS_AT_DEAD_PAGES,
  ACCOUNTS_OFFSET,
  DEAD_PAGE_COUNTS,
  DEAD_PAGES_MAX,
  STATE_DEVICE_AT_STORED,
  STATE_DEVICES_OFFSET,
  STATEMENT_AT_RUNS,
} from '../../../assembly/abi/state.js';
import type { DeviceAccount } from '../../../src/contract/ledger.js';
import { missingRanges } from '../../../src/control/ledger/missing-ranges.js';
import { AcceptedMessages } from '../../../src/plane/accepted-messages.js';
import { readAccount, readDeviceTotals } from '../../../src/plane/ledger-readings.js';
import type { TestRecord } from '../../support/blocks.js';
import { TestKernel } from '../../support/pipeline-kernel.js';
import { Random } from '../../support/random.js';

const NOW_MS = 1_790_000_000_000;

/** What a device's account should say, kept the slow way. */
class ModelDevice {
  readonly number: number;
  stored = 0;
  duplicate = 0;
  reboots = 0;
  readonly dead: Record<string, number> = {};
  readonly numbers = new Set<number>();
  readonly sent: string[] = [];

  constructor(number: number) {
    this.number = number;
  }

  /** The next message, and notes what must become of it. `ts` is later than any before. */
  next(random: Random, ts: number): string {
    const choice = random.below(100);
    if (choice < 5) return this.#dead('json_malformed', '{"metrics":');
    if (choice < 8) return this.#dead('metrics_missing', '{}');
    if (choice < 20 && this.sent.length > 0) {
      this.duplicate++;
      return random.pick(this.sent);
    }
    if (choice < 22 && this.numbers.size > 3) {
      const [again] = this.numbers;
      this.reboots++;
      this.numbers.clear();
      this.sent.length = 0;
      return this.#stored(again as number, ts);
    }
    const highest = Math.max(0, ...this.numbers);
    const gaps = missing(this.numbers);
    const fills = gaps.length > 20 || (gaps.length > 0 && random.chance(0.3));
    return this.#stored(fills ? random.pick(gaps) : highest + random.pick([1, 1, 1, 2, 3]), ts);
  }

  #dead(reason: string, payload: string): string {
    this.dead[reason] = (this.dead[reason] ?? 0) + 1;
    return payload;
  }

  #stored(seq: number, ts: number): string {
    this.stored++;
    this.numbers.add(seq);
    const payload = JSON.stringify({ ts, metrics: { v: seq }, seq });
    this.sent.push(payload);
    return payload;
  }
}

function missing(numbers: ReadonlySet<number>): number[] {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return Array.from({ length: Math.max(0, high - low) }, (_, index) => low + index).filter((number) => !numbers.has(number));
}

function accountOf({ kernel, memory }: TestKernel, device: number): DeviceAccount {
  const runs = kernel.account(device);
  const statement = memory.slice(LATEST_OFFSET, runs < 0 ? 0 : STATEMENT_AT_RUNS + runs * 16);
  return readAccount(device, statement, memory, [], new AcceptedMessages([]));
}

test('accounts are those of a model, blocks run again give the same, and their sums are the counters', () => {
  const random = new Random();
  console.log(`SEED=${random.seed}`);
  const [kernel, again] = [new TestKernel(), new TestKernel()];
  const devices = Array.from({ length: 20 }, (_, index) => new ModelDevice(index + 1));
  let ts = NOW_MS;
  for (let block = 0; block < 60; block++) {
    const records: TestRecord[] = Array.from({ length: 40 }, () => {
      const device = random.pick(devices);
      ts += 1;
      return { device: device.number, receiveUs: ts * 1000, payload: device.next(random, ts) };
    });
    assert.equal(kernel.run(records), BLOCK_DONE);
    assert.equal(again.run(records, { replay: true }), BLOCK_DONE);
    kernel.take();
  }
  for (const device of devices) {
    const account = accountOf(kernel, device.number);
    const { stored, duplicate, dead, reboots } = account;
    assert.deepEqual({ stored, duplicate, dead, reboots }, pickCounts(device), `device ${device.number}`);
    const sequence = missingRanges(account.runs);
    const gaps = sequence.ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
    assert.deepEqual(gaps, missing(device.numbers), `device ${device.number}`);
    assert.deepEqual([sequence.received, sequence.missing], [device.numbers.size, gaps.length]);
    assert.deepEqual(accountOf(again, device.number), account, 'the same blocks, the same account');
  }
  const totals = [...readDeviceTotals([kernel.memory], new AcceptedMessages([]))];
  assert.equal(totals.length, devices.length);
  const sum = (of: (one: (typeof totals)[number]) => number) => totals.reduce((total, one) => total + of(one), 0);
  assert.equal(
    sum(({ stored }) => stored),
    kernel.counter(COUNTER_PIPELINE_STORED),
  );
  assert.equal(
    sum(({ duplicate }) => duplicate),
    kernel.counter(COUNTER_PIPELINE_DUPLICATE),
  );
  assert.equal(
    sum(({ dead }) => Object.values(dead).reduce((a, b) => a + b, 0)),
    kernel.counter(COUNTER_PIPELINE_DEAD),
  );
  assert.equal(again.counter(COUNTER_PIPELINE_RECORDS), 0, 'what is run again is counted in the accounts alone');
});

function pickCounts({ stored, duplicate, dead, reboots }: ModelDevice) {
  return { stored, duplicate, dead, reboots };
}

test('gaps that the state has no room for count as forgotten, and a reboot starts the list again', () => {
  const kernel = new TestKernel();
  const send = (seqs: readonly number[], fromMs: number) => {
    const records = seqs.map((seq, index) => {
      const ts = fromMs + index;
      return { device: 7, receiveUs: (NOW_MS + 100_000) * 1000, payload: JSON.stringify({ ts, metrics: { v: 1 }, seq }) };
    });
    assert.equal(kernel.run(records), BLOCK_DONE);
  };
  send(
    Array.from({ length: 70 }, (_, index) => index * 2 + 10),
    NOW_MS,
  );
  const { runs, runsForgotten, stored } = accountOf(kernel, 7);
  assert.deepEqual([runs.length, runsForgotten, stored], [64, 6, 70]);
  assert.deepEqual(missingRanges(runs).ranges[0], { from: 23, to: 23 });
  assert.equal(missingRanges(runs).last, 148);
  send([148], NOW_MS + 1000);
  const rebooted = accountOf(kernel, 7);
  assert.deepEqual([rebooted.runs, rebooted.runsForgotten, rebooted.reboots], [[[148, 148]], 0, 1]);
  assert.equal(rebooted.rebootMs, NOW_MS + 1000);
});

test('a count of stored messages may pass 32 bits', () => {
  const kernel = new TestKernel();
  const send = (seq: number) =>
    kernel.run([{ device: 3, receiveUs: NOW_MS * 1000, payload: JSON.stringify({ ts: NOW_MS + seq, metrics: { v: 1 }, seq }) }]);
  send(1);
  kernel.memory.view.setUint32(STATE_DEVICES_OFFSET + STATE_DEVICE_AT_STORED, 2 ** 32 - 1, true);
  send(2);
  send(3);
  assert.equal(accountOf(kernel, 3).stored, 2 ** 32 + 1);
  assert.equal([...readDeviceTotals([kernel.memory], new AcceptedMessages([]))][0]?.stored, 2 ** 32 + 1);
});

test('what was run before the books were opened is not in flight', () => {
  const kernel = new TestKernel();
  const send = (payload: string) => kernel.run([{ device: 3, receiveUs: NOW_MS * 1000, payload }]);
  send('{"metrics":{"v":1}}');
  send('no json');
  kernel.kernel.openBooks();
  assert.equal(accountOf(kernel, 3).inFlight, 0);
  send('no json');
  // No gateway took it in, so it is one too many.
  assert.equal(accountOf(kernel, 3).inFlight, -1);
});

/** A payload for each reason, more of them than a page of dead letters has room for. */
const refusedPayloads: readonly (readonly [reason: string, payload: string])[] = [
  ['json_malformed', 'no json'],
  ['json_depth_exceeded', '['.repeat(40)],
  ['json_utf8_malformed', '{"metrics":{"v":"\\ud800"}}'],
  ['number_out_of_range', '{"metrics":{"v":1e999}}'],
  ['metrics_missing', '{}'],
  ['metric_name_invalid', '{"metrics":{"":1}}'],
  ['text_oversize', JSON.stringify({ metrics: { v: 'x'.repeat(8193) } })],
  ['ts_malformed', '{"ts":"noon","metrics":{"v":1}}'],
  ['ts_out_of_range', '{"ts":1,"metrics":{"v":1}}'],
  ['seq_malformed', '{"seq":-1,"metrics":{"v":1}}'],
];

function sendRefused(kernel: TestKernel, device: number, payloads = refusedPayloads): void {
  const records = payloads.map(([, payload]) => ({ device, receiveUs: NOW_MS * 1000, payload }));
  assert.equal(kernel.run(records), BLOCK_DONE);
  kernel.take();
}

test('a device has as many reasons as its messages give, on as many pages as they need', () => {
  const kernel = new TestKernel();
  assert.ok(refusedPayloads.length > DEAD_PAGE_COUNTS);
  for (let times = 0; times < 3; times++) for (const device of [5, 6]) sendRefused(kernel, device);
  const expected = Object.fromEntries(refusedPayloads.map(([reason]) => [reason, 3]));
  for (const device of [5, 6]) assert.deepEqual(accountOf(kernel, device).dead, expected);
  for (const totals of readDeviceTotals([kernel.memory], new AcceptedMessages([]))) assert.deepEqual(totals.dead, expected);
  assert.equal(kernel.memory.view.getUint32(ACCOUNTS_OFFSET + ACCOUNTS_AT_DEAD_PAGES, true), 4);
});

test('when no page is left, dead letters are counted without their reason, and books still balance', () => {
  const kernel = new TestKernel();
  const dead = () => ({ ...accountOf(kernel, 5).dead });
  sendRefused(kernel, 5, refusedPayloads.slice(0, DEAD_PAGE_COUNTS));
  kernel.memory.view.setUint32(ACCOUNTS_OFFSET + ACCOUNTS_AT_DEAD_PAGES, DEAD_PAGES_MAX, true);
  kernel.kernel.openBooks();
  sendRefused(kernel, 5);
  const tracked = Object.fromEntries(refusedPayloads.slice(0, DEAD_PAGE_COUNTS).map(([reason]) => [reason, 2]));
  const other = refusedPayloads.length - DEAD_PAGE_COUNTS;
  assert.deepEqual(dead(), { ...tracked, other });
  sendRefused(kernel, 6);
  assert.deepEqual(accountOf(kernel, 6).dead, { other: refusedPayloads.length });
  const totals = [...readDeviceTotals([kernel.memory], new AcceptedMessages([]))];
  assert.deepEqual(
    totals.map((one) => [one.device, one.dead, one.inFlight]),
    [
      [5, { ...tracked, other }, -refusedPayloads.length],
      [6, { other: refusedPayloads.length }, -refusedPayloads.length],
    ],
  );
});

test('readings that are left out of stored messages are counted by device', () => {
  const kernel = new TestKernel();
  const run = (device: number, payload: string) => kernel.run([{ device, receiveUs: 1_700_000_000_000_000, payload }]);
  run(7, '{"metrics":{"v":1,"w":1e400,"x":1e400}}');
  run(7, '{"metrics":{"v":2,"w":1e400}}');
  run(7, '{"metrics":{"w":1e400}}');
  run(8, '{"metrics":{"v":1}}');
  assert.deepEqual([accountOf(kernel, 7).leftOut, accountOf(kernel, 8).leftOut], [3, 0]);
});
