import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Acknowledgement, fewCopies, meaningOf } from '../../src/contract/acknowledgement.js';

function kafka(copies: number, copiesConfigured: number, copiesMin?: number): Acknowledgement {
  return { log: 'kafka', topic: 'telemetry.raw', copies, copiesConfigured, copiesMin };
}

test('an acknowledgement says how many copies there are now, and how few there may be', () => {
  assert.equal(meaningOf(kafka(3, 3, 2)), 'an acknowledged message is on 3 of 3 Kafka brokers that keep it, and never on fewer than 2');
  assert.equal(meaningOf(kafka(2, 3)), 'an acknowledged message is on 2 of 3 Kafka brokers that keep it; how few may do is not known');
  assert.equal(meaningOf(kafka(1, 1, 1)), 'an acknowledged message is on one Kafka broker: one copy');
  const file: Acknowledgement = { log: 'file', copies: 1, copiesConfigured: 1, copiesMin: 1 };
  assert.equal(meaningOf(file), 'an acknowledged message is on the disk of this machine: one copy');
});

test('a minimum above the replicas that there are promises no more copies than those', () => {
  assert.match(meaningOf(kafka(2, 2, 3)), /never on fewer than 2$/);
});

test('one replica, one in sync, or a minimum of one is too few; two now and two at least is not, nor a minimum that nobody may read', () => {
  assert.match(fewCopies(kafka(1, 1, 2)) ?? '', /with one copy: topic telemetry.raw has one replica/);
  assert.match(fewCopies(kafka(1, 3, 2)) ?? '', /with one copy: of 3 replicas of topic telemetry.raw one is in sync/);
  assert.match(fewCopies(kafka(3, 3, 1)) ?? '', /min.insync.replicas of topic telemetry.raw is 1, with 3 replicas/);
  for (const enough of [kafka(2, 3, 2), kafka(2, 2, 2), kafka(3, 3)]) assert.equal(fewCopies(enough), undefined);
});

test('a log of one disk is one copy by choice, and is no cause for an alert', () => {
  assert.equal(fewCopies({ log: 'file', copies: 1, copiesConfigured: 1, copiesMin: 1 }), undefined);
});
