import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { STATE_LOCK } from '../../src/contract/state-folder.js';
import { lockByProgram, lockFile } from '../../src/state/file-lock.js';
import { makeStateFolder } from '../../src/state/state-folder.js';
import { lockStateFolder } from '../../src/state/state-lock.js';

const top = mkdtempSync(join(tmpdir(), 'spillway-lock-'));
after(() => rmSync(top, { recursive: true }));

const holderProgram = fileURLToPath(new URL('./lock-holder.js', import.meta.url));

interface Holder {
  readonly child: ChildProcess;
  /** The first line that it wrote: `held`, or why not. */
  readonly said: string;
}

async function startHolder(folder: string, env: Readonly<Record<string, string>> = {}): Promise<Holder> {
  const child = spawn(process.execPath, [holderProgram, folder], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, said: line.toString().trim() };
}

async function kill({ child }: Holder): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

test('a second process is refused and reads who holds the folder, whatever its TMPDIR is', async () => {
  const folder = mkdtempSync(join(top, 'named-'));
  const first = await startHolder(folder, { TMPDIR: mkdtempSync(join(top, 'tmp-')) });
  const second = await startHolder(folder, { TMPDIR: mkdtempSync(join(top, 'tmp-')) });
  assert.equal(first.said, 'held');
  const said = new RegExp(
    `^cannot use state folder ${folder}: process ${first.child.pid} on host ${hostname()} has held it since \\d{4}-.*Z$`,
  );
  assert.match(second.said, said);
  await kill(first);
});

test('a folder of another account is refused by name, with a way out', async () => {
  const isRoot = process.geteuid?.() === 0;
  // Whoever is not root has no account to change to, but meets folders of root.
  const folder = isRoot ? mkdtempSync(join(top, 'of-root-')) : '/';
  if (isRoot) chmodSync(top, 0o755);
  if (isRoot) chmodSync(folder, 0o755);
  if (isRoot) process.seteuid?.(65534);
  try {
    makeStateFolder(folder);
    await assert.rejects(lockStateFolder(folder), {
      code: 'state_folder_unusable',
      message: new RegExp(`^cannot lock state folder ${folder}: .*(permission denied|read-only)`),
      wayOut: 'set SPILLWAY_STATE to a folder of this user on a file system that has locks',
    });
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test('the kernel frees the lock of a killed process, and its file alone holds nothing', async () => {
  const folder = mkdtempSync(join(top, 'killed-'));
  const holder = await startHolder(folder);
  await assert.rejects(lockStateFolder(folder), { code: 'state_folder_in_use', wayOut: /SPILLWAY_STATE/ });
  await kill(holder);
  const unlock = await lockStateFolder(folder);
  await assert.rejects(lockStateFolder(folder), { code: 'state_folder_in_use' });
  await unlock();
  await (await lockStateFolder(folder))();
});

const pairs = Number(process.env.LOCK_PAIRS ?? 5);

test('of two that start at once on the lock of a killed process exactly one gets it', async () => {
  const folder = mkdtempSync(join(top, 'pairs-'));
  for (let round = 0; round < pairs; round++) {
    const pair = await Promise.all([startHolder(folder), startHolder(folder)]);
    const winners = pair.filter(({ said }) => said === 'held');
    assert.equal(winners.length, 1, pair.map(({ said }) => said).join('\n'));
    const loser = pair.find(({ said }) => said !== 'held');
    assert.match(loser?.said ?? '', new RegExp(`process ${winners[0]?.child.pid} on host`));
    await Promise.all(pair.map(kill));
  }
});

test('only the account of the holder can open the lock file', async () => {
  const folder = mkdtempSync(join(top, 'mode-'));
  writeFileSync(join(folder, STATE_LOCK), '', { mode: 0o644 });
  await (await lockStateFolder(folder))();
  if (process.platform === 'linux') assert.equal(statSync(join(folder, STATE_LOCK)).mode & 0o777, 0o600);
});

test('a folder that cannot be locked is refused with its cause', async () => {
  await assert.rejects(lockStateFolder(join(top, 'nowhere')), {
    code: 'state_folder_unusable',
    message: /cannot lock state folder .*ENOENT/,
  });
});

test('a lock on a replaced file does not count', () => {
  const path = join(top, 'replaced');
  const first = lockFile(path);
  renameSync(path, `${path}.old`);
  const second = lockFile(path);
  assert.ok(first !== undefined && second !== undefined && statSync(path).ino !== statSync(`${path}.old`).ino);
  assert.equal(lockFile(path), undefined);
  for (const file of [first, second]) closeSync(file);
});

test('the lock of the program flock is the same lock, and stays when the program has ended', {
  skip: process.platform !== 'linux' && 'elsewhere it is a flag of open',
}, () => {
  const path = join(top, 'by-program');
  const [one, other] = [openSync(path, 'w+'), openSync(path, 'w+')];
  assert.equal(lockByProgram(one), true);
  assert.equal(lockByProgram(other), false);
  assert.equal(lockFile(path), undefined);
  closeSync(one);
  assert.equal(lockByProgram(other), true);
  closeSync(other);
});
