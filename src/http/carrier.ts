import type { Front } from './front.js';

/** A server that listens: it parses and frames, and leaves every answer to the front. */
export interface Carrier {
  readonly port: number;
  /** Takes no more connections; those that are open go on. */
  unlisten(): void;
  /** Ends every connection that is left; what is written to it may still go out. */
  close(): Promise<void>;
}

/** Port 0 is any free port. Rejects, with a message for the operator, when the port cannot be had. */
export type Listen = (front: Front, bind: string, port: number) => Promise<Carrier>;
