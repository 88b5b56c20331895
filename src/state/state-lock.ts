import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * Makes the state folder if it is not there, parents included. One by one, as Node's own recursive way
 * never returns where a folder can be seen but not made (below /proc).
 */
export function makeStateFolder(folder: string): void {
  if (existsSync(folder)) return;
  if (dirname(folder) !== folder) makeStateFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot make state folder ${folder}: ${cause}; set SPILLWAY_STATE to a folder that this user can write`);
  }
}

/**
 * Holds a state folder for one process. The lock is a listening local socket named after the folder:
 * it goes with the process however that ends, and no process id can be mistaken for it.
 */
export async function lockStateFolder(folder: string): Promise<() => Promise<void>> {
  const name = `spillway-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 24)}`;
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
  const server = (await listen(path)) ?? ((await answers(path)) ? undefined : await listenAnew(path));
  if (!server) {
    throw new Error(
      `cannot use state folder ${folder}: another Spillway runs on it; stop that one, or set SPILLWAY_STATE to another folder`,
    );
  }
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/** Undefined when the address is taken. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end());
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(path, () => resolve(server));
  });
}

function listenAnew(path: string): Promise<Server | undefined> {
  rmSync(path, { force: true });
  return listen(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
