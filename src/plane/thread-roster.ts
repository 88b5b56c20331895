import type { ResourceLimits } from 'node:worker_threads';
import type { ThreadCpu } from '../contract/data-plane.js';
import type { Doorbell } from '../host/doorbell.js';
import { threadId } from '../host/thread-id.js';
import { threadCpuSeconds } from './thread-cpu.js';
import { Thread } from './worker.js';

type Transfer = ConstructorParameters<typeof Thread>[3];

/** All threads of the data plane: who they are, what they cost, and how they end. */
export class ThreadRoster {
  readonly #threads = new Set<Thread<never, never>>();
  readonly #failed: (error: Error) => void;
  #ending = false;

  /** Calls `failed` for a thread that ends although it was not stopped. */
  constructor(failed: (error: Error) => void) {
    this.#failed = failed;
  }

  add<In, Out extends { readonly kind: string }>(
    name: string,
    entry: URL,
    data: unknown,
    transfer: Transfer,
    receive: (message: Out) => void,
    resourceLimits: ResourceLimits = {},
  ): Thread<In, Out> {
    const thread = new Thread<In, Out>(name, entry, data, transfer, receive, resourceLimits);
    const member = thread as unknown as Thread<never, never>;
    this.#threads.add(member);
    thread.ended.catch((error: unknown) => {
      if (!this.#ending && this.#threads.has(member)) this.#failed(error instanceof Error ? error : new Error(String(error)));
    });
    return thread;
  }

  /** The main thread and all of the roster. */
  cpu(): ThreadCpu[] {
    return [
      { name: 'main', cpuSeconds: threadCpuSeconds(threadId()) },
      ...Array.from(this.#threads, ({ name, tid }) => ({ name, cpuSeconds: threadCpuSeconds(tid) })),
    ];
  }

  /** The thread is about to end: how it does is its owner's to see. */
  retire(thread: Thread<never, never>): void {
    this.#threads.delete(thread);
  }

  /** From now on the end of a thread is nothing to report. */
  expectEnd(): void {
    this.#ending = true;
  }

  /** Ends all threads where they stand. */
  async terminate(): Promise<void> {
    this.expectEnd();
    await Promise.all(Array.from(this.#threads, (thread) => thread.terminate()));
  }
}

/** A thread that ends by itself after `stop`; its doorbell wakes it to read that. */
export type Stoppable = Pick<Thread<{ readonly kind: 'stop' }, never>, 'post' | 'ended' | 'terminate'>;

/** Tells a thread to finish and waits for it; at the deadline it is ended where it stands, and the answer is false. */
export async function stopThread(thread: Stoppable, deadlineMs: number, bell?: Doorbell): Promise<boolean> {
  thread.post({ kind: 'stop' });
  bell?.ring();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), Math.max(0, deadlineMs - performance.now()));
  });
  const ended = await Promise.race([
    thread.ended.then(
      () => 'ended',
      () => 'failed',
    ),
    late,
  ]);
  clearTimeout(timer);
  if (ended === 'late') await thread.terminate();
  return ended === 'ended';
}
