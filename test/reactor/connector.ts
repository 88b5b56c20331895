import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

// A process that opens connections to a port and ends them in every way there is: as many rounds as it is told.
const port = Number(process.argv[2]);
const CONNECTIONS = 500;

async function open(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function round(): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, open));
  const closed = sockets.map((socket) => once(socket.resume(), 'close'));
  for (const [index, socket] of sockets.entries()) {
    if (index % 3 === 0) socket.end('all there is');
    else if (index % 3 === 1) socket.resetAndDestroy();
    else socket.write('more to come', () => socket.destroy());
  }
  await Promise.all(closed);
}

process.on('message', async (rounds: number) => {
  for (let i = 0; i < rounds; i++) await round();
  process.send?.('done');
});
