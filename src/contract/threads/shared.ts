/**
 * What the threads say to each other. Bytes of messages never travel here: they lie in shared
 * memory, and these messages carry offsets, counts and the rare control event.
 */

/** Shared by all threads of a process: doorbells and progress (src/host). */
export interface SharedState {
  readonly doorbells: SharedArrayBuffer;
  readonly progress: SharedArrayBuffer;
}

/** First message of every thread; `tid` is the kernel's thread id on Linux, else 0. */
export interface ThreadReady {
  readonly kind: 'ready';
  readonly tid: number;
}
/** A thread ends by itself after this, its work drained. */
export interface StopThread {
  readonly kind: 'stop';
}
/** An event for the operator's log. */
export interface ThreadEvent {
  readonly kind: 'event';
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly name: string;
  readonly fields: Record<string, string | number | boolean>;
}
