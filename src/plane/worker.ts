import { type ResourceLimits, Worker } from 'node:worker_threads';

/** Messages that every thread sends, whatever else it says. */
interface Ready {
  readonly kind: 'ready';
  readonly tid: number;
}

/** A worker thread as the main thread sees it: typed messages out, typed messages in, and its end. */
export class Thread<In, Out extends { readonly kind: string }> {
  readonly name: string;
  /** Settles when the thread has ended; it rejects when the thread died of an error. */
  readonly ended: Promise<void>;
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  #tid = 0;

  constructor(
    name: string,
    entry: URL,
    workerData: unknown,
    transfer: readonly Transferable[],
    receive: (message: Out) => void,
    resourceLimits: ResourceLimits = {},
  ) {
    this.name = name;
    this.#worker = new Worker(entry, { name, workerData, transferList: [...transfer], resourceLimits });
    this.ended = new Promise((resolve, reject) => {
      this.#worker.once('error', reject);
      this.#worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`thread ${name} ended with code ${code}`))));
    });
    this.ready = new Promise((resolve, reject) => {
      this.ended.then(() => reject(new Error(`thread ${name} ended before it was ready`)), reject);
      this.#worker.on('message', (message: Out | Ready) => {
        if (message.kind === 'ready') {
          this.#tid = (message as Ready).tid;
          resolve();
        } else receive(message as Out);
      });
    });
  }

  /** The kernel's thread id, or 0. */
  get tid(): number {
    return this.#tid;
  }

  /** The buffers of `transfer` are the thread's from then on. */
  post(message: In, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Ends the thread where it stands; what it had not handed on is in the log. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

type Transferable = import('node:worker_threads').TransferListItem;
