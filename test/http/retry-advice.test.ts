import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiFailure } from '../../src/contract/api-errors.js';
import { RetryAdvice } from '../../src/http/retry-advice.js';

const full = new ApiFailure('log_full', 'take in a message');

test('the longer a trouble lasts, the longer clients are asked to wait, up to a minute', () => {
  const advice = new RetryAdvice(() => 0);
  const seconds = [0, 1, 10, 30, 60, 120, 180, 300].map((second) => advice.seconds(full, second * 1000));
  assert.deepEqual(seconds, [1, 1, 5, 15, 30, 60, 60, 60]);
});

test('after a silence a trouble is a new one, and each code has its own', () => {
  const advice = new RetryAdvice(() => 0);
  advice.seconds(full, 0);
  assert.equal(advice.seconds(full, 60_000), 30);
  assert.equal(advice.seconds(new ApiFailure('database_unavailable', 'read'), 60_000), 1);
  assert.equal(advice.seconds(full, 200_000), 1);
});

test('clients that are refused together are spread over half of the time', () => {
  const places = [0, 0.5, 0.999];
  const seconds = places.map((place) => {
    const advice = new RetryAdvice(() => place);
    advice.seconds(full, 0);
    return advice.seconds(full, 80_000);
  });
  assert.deepEqual(seconds, [40, 30, 21]);
});

test('a refusal that trying again does not help has no advice', () => {
  const advice = new RetryAdvice();
  for (const code of ['payload_oversize', 'internal', 'credentials_invalid'] as const) {
    assert.equal(advice.seconds(new ApiFailure(code, 'answer')), undefined);
  }
});
