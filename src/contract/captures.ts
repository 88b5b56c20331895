import type { RecordContext } from './record-context.js';

/** A reading of a captured message: the number of its metric, its event time, and its value. */
export interface CapturedReading {
  readonly metric: number;
  /** Ms of the Unix epoch, with a fraction for microseconds. */
  readonly tsMs: number;
  readonly value: number | string;
}

/** A message of a captured device as its pipeline ran it: what came, and what became of it. */
export interface CapturedMessage {
  readonly device: number;
  readonly receivedMs: number;
  readonly transport: 'mqtt' | 'http' | 'coap';
  readonly qos: number;
  /** The client said that it sends it again (DUP). */
  readonly isAgain: boolean;
  /** FORMAT_…, as the record names it. */
  readonly format: number;
  /** What its topic says of it; undefined: it came on a topic of the device's own, or the context was cut. */
  readonly context: RecordContext | undefined;
  /** The first bytes of the payload. */
  readonly payload: Uint8Array;
  /** Of the whole payload. */
  readonly payloadBytes: number;
  /** A dead letter has its code. */
  readonly verdict: 'stored' | 'duplicate' | { readonly code: number };
  /** The first of them; of a dead letter there are none. */
  readonly readings: readonly CapturedReading[];
  /** How many there are in all. */
  readonly readingsTotal: number;
}

/** A client that was not let in, one whose connection was ended, or a message that was refused before the log. */
export interface TurnedAway {
  readonly atMs: number;
  readonly transport: CapturedMessage['transport'];
  /** The device that it is; undefined: it did not prove to be one. */
  readonly device?: number;
  /** What a client said that it is, where it did not prove it. */
  readonly claim?: { readonly tenant: string; readonly id: string };
  /** A name of the table of codes. */
  readonly code: string;
  /** Of the message. */
  readonly topic?: string;
}

/** `skipped`: messages that had no room beside these. */
export type CaptureListener = (messages: readonly CapturedMessage[], skipped: number) => void;

/** Where messages of devices can be looked at as they come. */
export interface MessageCaptures {
  /** Counted: a device is captured until each `true` was followed by a `false`. */
  capture(device: number, on: boolean): void;
  onCaptured(listener: CaptureListener): void;
  /** Counted like `capture`: whether those that are turned away are reported. */
  watchDoor(on: boolean): void;
  /** Reports one that was turned away before the data plane saw it. */
  noteTurnedAway(turnedAway: TurnedAway): void;
  onTurnedAway(listener: (turnedAway: readonly TurnedAway[]) => void): void;
}
