import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Acknowledgement } from '../../../src/contract/acknowledgement.js';
import type { Intake } from '../../../src/contract/data-plane.js';
import { ledgerRules } from '../../../src/control/ledger/alerts.js';
import type { Imbalance } from '../../../src/control/ledger/balance.js';
import { planeRules } from '../../../src/control/plane/alerts.js';

function node() {
  const intake: Intake = { gateways: 2, paused: 0, pauses: 7, backlogBytesMax: 1000, topic: undefined, logTrouble: undefined };
  const state = {
    intake,
    reason: undefined as string | undefined,
    stalled: undefined as string | undefined,
    uncompressed: undefined as string | undefined,
    acknowledgement: undefined as Acknowledgement | undefined,
    imbalances: [] as Imbalance[],
  };
  const plane = {
    intake: () => state.intake,
    notReady: () => state.reason,
    stalled: () => state.stalled,
    uncompressed: () => state.uncompressed,
    acknowledgement: () => state.acknowledgement,
  };
  const ledger = {
    get imbalances() {
      return state.imbalances;
    },
  };
  const rules = new Map([...ledgerRules(ledger), ...planeRules(plane)].map((rule) => [rule.name, rule]));
  return { state, rules, find: (name: string) => rules.get(name)?.find() };
}

test('a healthy node raises no alert', () => {
  const { rules } = node();
  assert.deepEqual(
    [...rules.values()].map((rule) => [rule.name, rule.find()]),
    [
      ['ledger_unbalanced', undefined],
      ['not_ready', undefined],
      ['partition_stalled', undefined],
      ['few_copies', undefined],
      ['chunks_uncompressed', undefined],
      ['devices_not_read', undefined],
    ],
  );
});

test('an imbalance raises an alert at once, with the missing messages and their place', () => {
  const { state, rules, find } = node();
  state.imbalances = [
    { at: 'gateway 0', between: 'durable and logged', missing: 3 },
    { at: 'partition 1', between: 'logged and readable', missing: 2 },
  ];
  const told = 'gateway 0: 3 messages between durable and logged; partition 1: 2 messages between logged and readable';
  assert.equal(find('ledger_unbalanced'), told);
  assert.equal(rules.get('ledger_unbalanced')?.raiseAfterMs, 0);
});

test('readings that are stored uncompressed are a warning at once', () => {
  const { state, rules, find } = node();
  state.uncompressed = 'readings are stored uncompressed';
  assert.equal(find('chunks_uncompressed'), 'readings are stored uncompressed');
  assert.deepEqual([rules.get('chunks_uncompressed')?.severity, rules.get('chunks_uncompressed')?.raiseAfterMs], ['warning', 0]);
});

test('a node that is not ready says why', () => {
  const { state, find } = node();
  state.reason = 'the database is down: connection refused';
  assert.equal(find('not_ready'), 'the database is down: connection refused');
});

test('a partition that lags and does not move raises an alert at once, as the watch has waited already', () => {
  const { state, rules, find } = node();
  state.stalled = 'partition 3 has not moved for 20 s: it is stored up to 4 of 9';
  assert.equal(find('partition_stalled'), state.stalled);
  assert.equal(rules.get('partition_stalled')?.raiseAfterMs, 0);
});

test('messages that are acknowledged with one copy raise a warning, and no critical alert', () => {
  const { state, rules, find } = node();
  state.acknowledgement = { log: 'kafka', topic: 'telemetry.raw', copies: 1, copiesConfigured: 3, copiesMin: 2 };
  assert.match(find('few_copies') ?? '', /acknowledged with one copy: of 3 replicas of topic telemetry.raw one is in sync/);
  assert.equal(rules.get('few_copies')?.severity, 'warning');
});

test('gateways that pause again and again are found, also between two pauses', () => {
  const { state, find } = node();
  state.intake = { ...state.intake, paused: 1 };
  assert.match(find('devices_not_read') ?? '', /^devices wait: 1 of 2 gateways read none/);
  state.intake = { ...state.intake, paused: 0, pauses: 9 };
  assert.match(find('devices_not_read') ?? '', /after 9 pauses/);
  assert.equal(find('devices_not_read'), undefined);
});
