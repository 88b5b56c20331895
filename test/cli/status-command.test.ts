import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenWaiting } from '../../src/http/waiting-server.js';
import { outcomeOf, runSpillway, temporaryFolder } from './run-spillway.js';

const env = { SPILLWAY_ADMIN_KEY: 'the-key' };

test('the status of an appliance that waits for its database is not ready with the reason, exit code 1, and nothing is made up', async (t) => {
  const server = await listenWaiting('127.0.0.1', 0, () => 'the database does not answer');
  t.after(() => server.close());
  const run = (...args: string[]) =>
    runSpillway(t, temporaryFolder(t), ['status', ...args, '--url', `http://127.0.0.1:${server.port}`], env);

  const plain = await outcomeOf(run());
  assert.equal(plain.code, 1);
  assert.match(plain.stdout, /^not ready: the database does not answer\n +acknowledgement +not known\n +running for +not known\n/);
  assert.match(plain.stderr, /^spillway: cannot take messages in: the database does not answer\n +way out: /);

  const json = await outcomeOf(run('--json'));
  const { status, reason, stats, lag, alerts, failures } = JSON.parse(json.stdout);
  assert.deepEqual([json.code, status, reason, stats, lag, alerts], [1, 'not ready', 'the database does not answer', null, null, null]);
  assert.deepEqual(
    failures.map(({ code }: { code: string }) => code),
    ['database_unavailable', 'database_unavailable', 'database_unavailable'],
  );
  assert.equal(JSON.parse(json.stderr).error.code, 'appliance_not_ready');
});

test('a watch reports an appliance that is away and looks again, until a signal ends it', async (t) => {
  const server = await listenWaiting('127.0.0.1', 0, () => 'the database is away');
  const watch = runSpillway(t, temporaryFolder(t), ['status', '--watch', '0.05', '--url', `http://127.0.0.1:${server.port}`], env);
  await watch.until(/not ready: the database is away/);
  await server.close();
  await watch.until(/nothing listens there[\s\S]*nothing listens there/);
  watch.child.kill('SIGINT');
  assert.equal((await outcomeOf(watch)).code, 0);
});
