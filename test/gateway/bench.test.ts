import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchGateway } from '../../bench/kernel/gateway.js';

test('the bench of the gateway kernel gets the answer that it asserts', () => {
  const result = benchGateway();
  assert.ok(result.messages > 100_000, `${result.messages} messages`);
  assert.ok(Number.isFinite(result.nsPerMessage) && result.nsPerMessage > 0);
});
