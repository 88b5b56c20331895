import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { passSelftest, startSelftest } from './real-selftest.js';
import { outcomeOf, runSpillway, temporaryFolder } from './run-spillway.js';

test('the faults that are named are survived with nothing lost and nothing doubled, and nothing is left behind', async (t) => {
  const faults = ['process-kill', 'database-kill'];
  assert.equal(await passSelftest(t, faults, '--minutes', '0.05', '--faults', faults.join(',')), 2);
});

test('interrupted, it ends its appliance and says that it proved nothing', async (t) => {
  const { child, folder } = startSelftest(t, '--minutes', '0.5');
  await once(createInterface({ input: child.stdout! }), 'line');
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  assert.equal(code, 1);
  assert.deepEqual(readdirSync(folder), []);
});

test('it says which faults there are, and which it does not try', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout } = await outcomeOf(runSpillway(t, folder, ['selftest', '--help']));
  assert.equal(code, 0);
  assert.match(stdout, /Faults: none, process-kill, database-pause.*disk-full, broker-kill/);
  assert.match(stdout, /broker-kill takes --kafka/);
  const bare = await outcomeOf(runSpillway(t, folder, ['selftest']));
  assert.equal(bare.code, 2);
  assert.match(bare.stderr, /way out: npx spillway selftest --chaos/);
  const unknown = await outcomeOf(runSpillway(t, folder, ['selftest', '--chaos', '--faults', 'process-kill,flood']));
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /cannot try the fault flood: there is none of that name\n.*way out: choose from none, process-kill/s);
  const untried = await outcomeOf(runSpillway(t, folder, ['selftest', '--chaos', '--faults', 'broker-kill']));
  assert.equal(untried.code, 2);
  assert.match(untried.stderr, /cannot try any of the faults named: broker-kill: .*--kafka/);
});

test('what Kafka lacks is said before anything is started', async (t) => {
  const { code, stdout, stderr } = await outcomeOf(runSpillway(t, temporaryFolder(t), ['selftest', '--chaos', '--kafka']));
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /cannot put the log into Kafka: cannot load node-rdkafka: it was not built/);
  assert.match(stderr, /way out: build it/);
});
