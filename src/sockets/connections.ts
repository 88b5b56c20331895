import type { EventEmitter } from 'node:events';
import type { Server, Socket } from 'node:net';

/** Puts `admit` before what the server does with a new connection; `serve` goes on with that. */
export function interceptConnections(server: Server, admit: (socket: Socket, serve: () => void) => void): void {
  intercept(server, 'connection', (socket: Socket, serve) => admit(socket, serve));
}

/** Puts `decide` before the listeners that are there; `pass` calls them. */
export function intercept<Argument>(
  emitter: EventEmitter,
  event: string,
  decide: (argument: Argument, pass: () => void, ...rest: unknown[]) => void,
): void {
  const listeners = emitter.listeners(event) as ((...parameters: unknown[]) => void)[];
  emitter.removeAllListeners(event);
  emitter.on(event, (argument: Argument, ...rest: unknown[]) => {
    const pass = () => {
      for (const listener of listeners) listener.call(emitter, argument, ...rest);
    };
    decide(argument, pass, ...rest);
  });
}

/** Connections by the ends of their wire: what finds the socket below a TLS connection. */
export class RawSockets {
  readonly #sockets = new Map<string, Socket>();

  add(socket: Socket): void {
    const ends = endsOf(socket);
    this.#sockets.set(ends, socket);
    socket.once('close', () => this.#sockets.delete(ends));
  }

  /** The socket below, or the given one where there is none. */
  below(wrapper: Socket): Socket {
    return this.#sockets.get(endsOf(wrapper)) ?? wrapper;
  }
}

function endsOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}
