import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiFailure, apiErrors, isApiCode } from '../../src/contract/api-errors.js';
import { refusalCodes } from '../../src/contract/codes.js';

test('every code says its status, its cause and the way out', () => {
  assert.ok(apiErrors.size > 20);
  for (const [name, { code, status, cause, wayOut }] of apiErrors) {
    assert.equal(code, name);
    assert.match(code, /^[a-z0-9_]+$/);
    assert.ok([400, 401, 403, 404, 405, 408, 409, 413, 415, 426, 429, 431, 500, 501, 503, 505].includes(status), code);
    assert.ok(cause.length > 0 && wayOut.length > 0, code);
  }
});

test('codes that devices meet too mean the same here', () => {
  const shared = refusalCodes.filter(({ name }) => isApiCode(name));
  assert.equal(shared.length, 15);
  for (const { name, cause } of shared) assert.equal(apiErrors.get(name)!.cause, cause);
});

test('a failure is answered in one shape', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(new ApiFailure('device_unknown', 'read device dev-9', 'it is not in the registry'))), {
    error: {
      code: 'device_unknown',
      message: 'cannot read device dev-9: it is not in the registry',
      way_out: 'register it: npx spillway device add --id ID',
    },
  });
});
