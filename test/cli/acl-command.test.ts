import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN_KEY, startServerUnderTest } from '../support/server-under-test.js';
import { hostedOutcome } from './hosted-command.js';
import { temporaryFolder } from './run-spillway.js';

test('a service client is made, given a topic, asked about, and deleted', async (t) => {
  const server = await startServerUnderTest();
  t.after(() => server.close());
  const folder = temporaryFolder(t);
  const run = (...args: string[]) => hostedOutcome(folder, [...args, '--url', server.url], { SPILLWAY_ADMIN_KEY: ADMIN_KEY });
  assert.match(
    (await run('service', 'add', 'app')).stdout,
    /^service client app of tenant default is made\n {2}user name {2}app\n {2}password {3}sps_/,
  );
  assert.match((await run('service', 'list')).stdout, /^NAME +MADE\napp +\d{4}-/);
  assert.equal((await run('acl', 'allow', 'plant/#', '--for', 'service:app')).stdout, 'ACL rule 1 of tenant default is made\n');
  assert.equal((await run('acl', 'deny', 'plant/secret', '--action', 'subscribe')).code, 0);
  assert.match(
    (await run('acl', 'list')).stdout,
    /^ID +FOR +EFFECT +ACTION +FILTER\n1 +service:app +allow +both +plant\/#\n2 +all +deny +subscribe +plant\/secret\nbuilt-in /,
  );
  const asked = await run('acl', 'check', 'subscribe', 'plant/+', '--service', 'app');
  assert.equal(asked.stdout, 'not allowed: rule 2 denies plant/secret, which it matches (plant/secret)\n');
  assert.equal((await run('acl', 'rm', '2')).stdout, 'ACL rule 2 of tenant default is deleted\n');
  assert.match((await run('acl', 'check', 'subscribe', 'plant/+', '--service', 'app')).stdout, /^allowed: rule 1 allows it/);
  assert.equal((await run('service', 'rm', 'app')).stdout, 'service client app of tenant default is deleted\n');
});
