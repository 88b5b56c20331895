import { type AddressInfo, connect, createServer } from 'node:net';

/**
 * Why the port cannot be had, or undefined when it can. Asked before uWebSockets.js listens: it tells no
 * cause, and shares a port silently with whoever has it (SO_REUSEPORT).
 */
export async function listenFailure(bind: string, port: number): Promise<Error | undefined> {
  const code = await tryListen(bind, port);
  // Connections of a former run, closed a moment ago, are in the way of Node but not of uWebSockets.js.
  if (code === undefined || (code === 'EADDRINUSE' && !(await answers(bind, port)))) return undefined;
  return listenError(bind, port, code);
}

/** Says what the system's code means to the operator. */
export function listenError(bind: string, port: number, code: string): Error {
  const causes: Record<string, string> = {
    EADDRINUSE: 'another process has the port',
    EACCES: 'this user may not open the port',
    EADDRNOTAVAIL: 'the address belongs to no interface of this machine (SPILLWAY_BIND)',
    ENOTFOUND: 'the host name is unknown (SPILLWAY_BIND)',
  };
  const cause = causes[code] ?? code;
  return new Error(`cannot listen on ${bind}:${port}: ${cause}; set SPILLWAY_HTTP_PORT to a free port`);
}

/** A port that nobody has at this moment. */
export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function answers(bind: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: bind === '0.0.0.0' || bind === '::' ? 'localhost' : bind, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
