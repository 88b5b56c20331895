import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { chooseKafka } from '../support/kafka/choose.js';
import { lastLine } from './run-bench.js';

const generator = generatorMissing();
const kafka = await chooseKafka();
const small = ['--connections', '2', '--devices', '20', '--seconds', '0.3'];

test('bench:log --against kafka, small: the CPU of the broker is counted apart', {
  skip: generator ?? (kafka.over === 'brokers' ? false : kafka.reason),
}, async () => {
  const { file, other } = await lastLine('log', ...small);
  assert.ok(file.messages > 0 && other.messages > 0);
  assert.equal(file.threads.broker, null);
  assert.ok(other.threads.broker > 0);
});

test('bench:log --against none, small: both commit everything, and the cost is that of the pair', {
  skip: generator ?? false,
}, async () => {
  const { file, other, throughputRatio, fileCosts, settings } = await lastLine('log', '--against', 'none', ...small);
  assert.ok(file.messages > 0 && other.messages > 0);
  assert.ok(Math.abs(throughputRatio - other.messagesPerSecond / file.messagesPerSecond) < 0.001 * throughputRatio);
  assert.ok(Math.abs(fileCosts.throughput - (1 - file.messagesPerSecond / other.messagesPerSecond)) < 0.001);
  assert.equal(other.threads.log, null);
  assert.deepEqual([settings.file.log, settings.other.log], ['file', 'none']);
});
