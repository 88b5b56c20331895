import { spawn } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, existsSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { STATE_LOCK } from '../../contract/state-folder.js';

/** How a command ended, with what it printed. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/**
 * Whom the server's processes run as. PostgreSQL refuses to run as root, so under root they run as
 * another account; everywhere else they run as whoever runs Spillway.
 */
export interface ServerAccount {
  run(command: string, args: readonly string[]): Promise<Outcome>;
  /** Makes a file or a folder with all below it the account's own. */
  own(path: string): void;
}

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Chooses the account for a server whose binary is `program` and whose files lie below `folder`;
 * `data` is the cluster, which may not exist yet. Throws when no account can be used, with the way out.
 */
export async function serverAccount(program: string, folder: string, data: string): Promise<ServerAccount> {
  if (process.getuid === undefined || process.geteuid?.() !== 0) return { run: (command, args) => run(command, args, {}), own: () => {} };
  const ids = ownerOf(data) ?? passwdEntry('postgres') ?? passwdEntry('nobody') ?? { uid: 65534, gid: 65534 };
  const own = (path: string) => ownAll(path, ids);
  letPass(dirname(folder), ids);
  const plain = (command: string, args: readonly string[]) => run(command, args, ids);
  if (await reaches(plain, program, folder)) return { run: plain, own };

  // Below /root or a 0700 checkout the account cannot enter. One capability lets it pass the folders
  // on the way; ambient ones do not set AT_SECURE, so the server's own libraries are still found.
  const elevated = (command: string, args: readonly string[]) => run('setpriv', [...setprivArgs(ids), command, ...args], {});
  if (await reaches(elevated, program, folder)) return { run: elevated, own };
  throw new Error(
    `cannot start the embedded database: PostgreSQL does not run as root, and uid ${ids.uid} cannot reach ${program} and ${folder}; ` +
      'run Spillway as an ordinary user, or put it and SPILLWAY_STATE where every user may enter, or set SPILLWAY_DATABASE_URL',
  );
}

function setprivArgs({ uid, gid }: Ids): string[] {
  const caps = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  // access(2), by which PostgreSQL looks for its own programs, ignores capabilities without this bit.
  return [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...caps, '--securebits=+no_setuid_fixup', '--'];
}

type Run = (command: string, args: readonly string[]) => Promise<Outcome>;

async function reaches(runAs: Run, program: string, folder: string): Promise<boolean> {
  const [binary, entered] = await Promise.all([runAs(program, ['--version']), runAs('/bin/sh', ['-c', 'cd "$0"', folder])]);
  return binary.code === 0 && entered.code === 0;
}

/** Runs a command to its end. It never throws: what could not be spawned has code 127. */
function run(command: string, args: readonly string[], ids: Partial<Ids>): Promise<Outcome> {
  return new Promise((resolve) => {
    // A group of its own, so that a terminal's Ctrl-C reaches Spillway alone: it then ends the server in order.
    const options = {
      ...ids,
      env: serverEnvironment(process.env),
      cwd: cwdForAll(),
      detached: process.platform !== 'win32',
      windowsHide: true,
    };
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (bytes) => {
      output += bytes;
    });
    child.stderr.on('data', (bytes) => {
      output += bytes;
    });
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output: output.trim() }));
  });
}

/** What programs need to be found and to run; on Windows names are compared without regard to case. */
const INHERITED = /^(PATH|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|TMPDIR|TEMP|TMP|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT)$/i;

/**
 * The environment of the server's programs. Another account runs them and may read it, and the functions of whoever has the
 * database can: so no secret of Spillway's reaches it, and no variable of an operator's shell changes what the server does.
 */
export function serverEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(([name]) => INHERITED.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

/** One that every account may enter. */
function cwdForAll(): string {
  return process.platform === 'win32' ? process.cwd() : '/';
}

/** Root's state folder is closed to everybody: the account may pass through it to the cluster, and sees nothing else in it. */
function letPass(stateFolder: string, { gid }: Ids): void {
  const { uid, mode } = statSync(stateFolder);
  if (uid !== 0 || (mode & 0o777) !== 0o700 || !existsSync(join(stateFolder, STATE_LOCK))) return;
  chownSync(stateFolder, 0, gid);
  chmodSync(stateFolder, 0o710);
}

/** An existing cluster keeps its owner, so that a state folder may pass from a user to root. */
function ownerOf(data: string): Ids | undefined {
  const found = statSync(data, { throwIfNoEntry: false });
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : undefined;
}

function passwdEntry(name: string): Ids | undefined {
  try {
    accessSync('/etc/passwd', constants.R_OK);
  } catch {
    return undefined;
  }
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid && uid !== '0' ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

function ownAll(path: string, { uid, gid }: Ids): void {
  const found = statSync(path);
  if (found.uid === uid && found.gid === gid) return;
  if (found.isDirectory()) {
    for (const entry of readdirSync(path, { recursive: true, encoding: 'utf8' })) lchownSync(join(path, entry), uid, gid);
  }
  // The top goes last: it is what the next start looks at to see whether all was done.
  chownSync(path, uid, gid);
}
