import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiErrors } from '../../../src/contract/api-errors.js';
import { refusalCodes } from '../../../src/contract/codes.js';
import { refusalRoutes } from '../../../src/control/health/refusal-routes.js';
import { requestHead } from '../../../src/http/exchange.js';
import { Router } from '../../../src/http/router.js';

test('every code is listed once, with its cause and way out, and one that calls meet with its status', async () => {
  const match = new Router(refusalRoutes()).match('GET', '/v1/refusals');
  assert.ok(match.kind === 'route' && match.route.admit === undefined, 'it needs no key');
  const head = requestHead({ method: 'GET', path: '/v1/refusals', query: '', address: '', header: () => '' });
  const answer = await match.route.handle({ ...head, params: [], body: new Uint8Array() });
  assert.ok('status' in answer && typeof answer.body === 'string');
  const { refusals } = JSON.parse(answer.body) as { refusals: { code: string; status: number | null; cause: string; way_out: string }[] };
  const expected = new Set([...refusalCodes.map(({ name }) => name), ...apiErrors.keys()]);
  assert.deepEqual(refusals.map(({ code }) => code).sort(), [...expected].sort());
  const found = (code: string) => refusals.find((one) => one.code === code);
  assert.deepEqual(found('log_full'), {
    code: 'log_full',
    status: 503,
    cause: apiErrors.get('log_full')?.cause,
    way_out: apiErrors.get('log_full')?.wayOut,
  });
  assert.equal(found('json_malformed')?.status, null, 'no call is refused for it: the message is a dead letter');
});
