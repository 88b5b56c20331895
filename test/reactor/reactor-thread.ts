import { parentPort } from 'node:worker_threads';
import {
  EVENT_AT_CONNECTION,
  EVENT_AT_CONSUMED,
  EVENT_AT_KIND,
  EVENT_AT_LENGTH,
  EVENT_BYTES,
  EVENT_DATA,
  EVENT_ENDED,
  EVENTS_OFFSET,
  READ_BYTES,
  READ_OFFSET,
} from '../../assembly/abi/gateway.js';
import { Doorbell } from '../../src/host/doorbell.js';
import { KernelMemory, kernelMemory } from '../../src/host/kernel.js';
import { openReactor } from '../../src/reactor/open-reactor.js';

// A thread or a process with a native reactor that takes whatever comes and says so; it never ends by itself.
const memory = new KernelMemory(kernelMemory(READ_OFFSET + READ_BYTES));
const reactor = openReactor('native', { memory, turn, refused: () => {} });
const THANKS = Buffer.from('thanks');
reactor.answer(new Doorbell(Doorbell.memory(1), 0));
const port = await reactor.listen('127.0.0.1', 0);
if (parentPort) {
  parentPort.on('message', () => {});
  parentPort.postMessage(port);
} else process.send?.(port);

function turn(eventCount: number): void {
  for (let at = EVENTS_OFFSET, end = at + eventCount * EVENT_BYTES; at < end; at += EVENT_BYTES) {
    memory.view.setUint32(at + EVENT_AT_CONSUMED, memory.view.getUint32(at + EVENT_AT_LENGTH, true), true);
    const connection = memory.view.getUint32(at + EVENT_AT_CONNECTION, true);
    const kind = memory.view.getUint32(at + EVENT_AT_KIND, true);
    if (kind === EVENT_DATA) reactor.sendBytes(connection, THANKS);
    if (kind === EVENT_ENDED) reactor.close(connection);
  }
}
