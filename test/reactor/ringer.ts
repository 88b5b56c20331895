import { parentPort, workerData } from 'node:worker_threads';
import { Doorbell } from '../../src/host/doorbell.js';

// Rings a doorbell as often as it is told to, and once more.
const doorbell = new Doorbell(workerData as SharedArrayBuffer, 0);
parentPort?.on('message', (more: number) => {
  for (let rings = 0; rings <= more; rings++) doorbell.ring();
});
