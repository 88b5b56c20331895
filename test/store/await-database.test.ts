import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DatabaseUnavailable } from '../../src/contract/database.js';
import { awaitDatabase } from '../../src/store/await-database.js';

test('a database that goes away after it was there is waited for as one that was never there', async () => {
  const outages = [
    Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }),
    // What the control plane's pool says of the same, between the migration and the look at the database's id.
    new DatabaseUnavailable('ECONNREFUSED', 'ECONNREFUSED: connect ECONNREFUSED'),
  ];
  const causes: string[] = [];
  const attempt = async () => {
    const outage = outages.shift();
    if (outage) throw outage;
    return 'there';
  };
  const waiting = async (cause: string) => void causes.push(cause);
  assert.equal(await awaitDatabase(attempt, { waiting, signal: new AbortController().signal }), 'there');
  assert.deepEqual(causes, ['connect ECONNREFUSED', 'ECONNREFUSED: connect ECONNREFUSED']);
});

test('what no waiting mends is thrown at once', async () => {
  const wrong = Object.assign(new Error('password authentication failed'), { code: '28P01' });
  const options = { waiting: async () => assert.fail('it waits'), signal: new AbortController().signal };
  await assert.rejects(
    awaitDatabase(() => Promise.reject(wrong), options),
    /password/,
  );
});
