import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withoutSettings } from '../../src/cli/inherited-env.js';
import { outcomeOf, runSpillway, temporaryFolder } from './run-spillway.js';

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** The real program, as it starts itself; its temporary folders go into one that the test looks at. */
function startSelftest(t: TestContext, ...args: string[]): { child: ChildProcess; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-cli-'));
  const child = spawn(process.execPath, [program, 'selftest', '--chaos', '--json', ...args], {
    env: { ...withoutSettings(process.env), TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });
  return { child, folder };
}

test('each fault is survived with nothing lost and nothing doubled, and nothing is left behind', { timeout: 180_000 }, async (t) => {
  const { child, folder } = startSelftest(t, '--minutes', '0.15');
  const exit = once(child, 'exit');
  const events: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: child.stdout! })) events.push(JSON.parse(line));
  const [verdict, ...faults] = events.reverse();
  assert.equal(verdict?.event, 'verdict');
  assert.equal(verdict?.passed, true, JSON.stringify(faults));
  assert.equal(verdict?.faults, faults.length);
  for (const name of ['process-kill', 'database-pause', 'database-kill', 'duplicate-flood', 'reconnect-storm', 'clock-jump']) {
    const report = faults.find(({ fault }) => fault === name);
    assert.deepEqual([report?.lost, report?.doubled, report?.unanswered], [0, 0, 0], name);
    assert.ok((report?.stored as number) > 0 && report?.stored === report?.acknowledged, name);
  }
  assert.deepEqual(await exit, [0, null]);
  assert.deepEqual(readdirSync(folder), []);
});

test('interrupted, it ends its appliance and says that it proved nothing', { timeout: 120_000 }, async (t) => {
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
  assert.match(stdout, /Faults: none, process-kill, database-pause/);
  assert.match(stdout, /Not tried: disk-full \(/);
  const bare = await outcomeOf(runSpillway(t, folder, ['selftest']));
  assert.equal(bare.code, 2);
  assert.match(bare.stderr, /way out: npx spillway selftest --chaos/);
});
