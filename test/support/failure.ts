import assert from 'node:assert/strict';
import type { Called } from './server-under-test.js';

/** The one shape of a refused call. */
export function assertFailure(answer: Pick<Called, 'status' | 'body' | 'text'>, status: number, code: string): void {
  assert.equal(answer.body?.error?.code, code, answer.text);
  assert.equal(answer.status, status);
  assert.deepEqual(Object.keys(answer.body.error), ['code', 'message', 'way_out']);
  assert.match(answer.body.error.message, /^cannot .+: .+/);
  assert.ok(answer.body.error.way_out.length > 0);
}
