import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { authority } from '../contract/host-address.js';
import { StartFailure } from '../contract/start-failure.js';

/** A port that the appliance is about to open. */
export interface WantedPort {
  /** 0: any free one. */
  readonly port: number;
  readonly setting: string;
  readonly isUdp?: boolean;
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process has the port',
  EACCES: 'this user may not open the port',
  EADDRNOTAVAIL: 'the address in SPILLWAY_BIND belongs to no interface of this machine',
  ENOTFOUND: 'the host name in SPILLWAY_BIND is unknown',
};

/**
 * Throws for the first port that cannot be had: before the database is made and the log is opened, which takes seconds. The sockets
 * of the data plane could also share a port with another process of the same user, and would not notice.
 */
export async function assertPortsFree(bind: string, wanted: readonly WantedPort[]): Promise<void> {
  for (const { port, setting, isUdp = false } of wanted) {
    const code = port === 0 ? undefined : await (isUdp ? tryUdpPort : tryPort)(bind, port);
    if (code === undefined) continue;
    const wayOut = code === 'EADDRINUSE' ? `stop that process, or set ${setting} to a free port` : `correct SPILLWAY_BIND and ${setting}`;
    throw new StartFailure('port_unusable', `cannot listen on ${authority(bind, port)} (${setting}): ${CAUSES[code] ?? code}`, wayOut);
  }
}

/** The system's code for why not. */
function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => resolve(code));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function tryUdpPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
      socket.close();
      resolve(code);
    });
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}
