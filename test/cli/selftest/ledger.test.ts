import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdminApi } from '../../../src/cli/admin-api.js';
import { readLedger } from '../../../src/cli/selftest/ledger.js';

const still = new AbortController().signal;
const node = { received: 10, recovered: 2, stored: 8, duplicate: 2, dead: 1, rejected: 1, in_flight: 0 };

/** Gives one answer after another, the last one for ever. */
function apiOf(...answers: unknown[]): AdminApi & { asked: number } {
  const api = { asked: 0, get: async () => answers[Math.min(api.asked++, answers.length - 1)] };
  return api as unknown as AdminApi & { asked: number };
}

const answer = (counts: object = {}, rest: object = {}) => {
  return { balanced: true, checked_at: '2026-01-01T00:00:00.000Z', node: { ...node, ...counts }, ...rest };
};

test('it waits until nothing is in flight and there was an audit', async () => {
  const api = apiOf(answer({ in_flight: 3 }), answer({}, { checked_at: null }), answer());
  assert.deepEqual(await readLedger(api, false, still), { ...node, balanced: true });
  assert.equal(api.asked, 3);
});

test('books that do not add up, or that the audits found wrong, do not balance', async () => {
  assert.equal((await readLedger(apiOf(answer({ stored: 7 })), false, still)).balanced, false);
  assert.equal((await readLedger(apiOf(answer({}, { balanced: false })), false, still)).balanced, false);
});

test('the last one waits for an audit that knows of everything', async () => {
  const late = new Date(Date.now() + 60_000).toISOString();
  const api = apiOf(answer(), answer(), answer({}, { checked_at: late }));
  assert.equal((await readLedger(api, true, still)).balanced, true);
  assert.equal(api.asked, 3);
});

test('interrupted, it proves nothing', async () => {
  const stopped = AbortSignal.abort();
  assert.equal((await readLedger(apiOf(answer({ in_flight: 1 })), false, stopped)).balanced, false);
});
