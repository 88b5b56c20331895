import { parentPort, workerData } from 'node:worker_threads';
import type { FromGateway, GatewayStart, ToGateway } from '../contract/threads/gateway.js';
import { threadId } from '../host/thread-id.js';
import { TurnLoop } from './turn-loop.js';

// A gateway thread: workerData is GatewayStart; the messages are ToGateway and FromGateway.

const port = parentPort;
if (!port) throw new Error('cannot run a gateway: it is a worker thread, started with GatewayStart');

const loop = new TurnLoop(workerData as GatewayStart, (message: FromGateway) => port.postMessage(message));
port.on('message', (message: ToGateway) => {
  if (message.kind !== 'stop') loop.receive(message);
  else void loop.stop().then(() => port.close());
});
loop.run();
port.postMessage({ kind: 'ready', tid: threadId() } satisfies FromGateway);
