import { createServer } from 'node:net';

/** An error that says why the port cannot be had: the HTTP library tells no cause, so Node is asked. */
export async function explainListenFailure(bind: string, port: number): Promise<Error> {
  const code = await tryListen(bind, port);
  const causes: Record<string, string> = {
    EADDRINUSE: 'another process has the port',
    EACCES: 'this user may not open the port',
    EADDRNOTAVAIL: 'the address belongs to no interface of this machine (SPILLWAY_BIND)',
    ENOTFOUND: 'the host name is unknown (SPILLWAY_BIND)',
  };
  const cause = causes[code ?? ''] ?? code ?? 'the system refused it for the moment';
  return new Error(`cannot listen on ${bind}:${port}: ${cause}; set SPILLWAY_HTTP_PORT to a free port`);
}

function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
