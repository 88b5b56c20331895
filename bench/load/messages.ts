/**
 * Which message a connection sends as its i-th. Every part of it is a function of its place, so the
 * rows that must be in the database afterwards can be computed without a copy of what was sent.
 * bench/load/src/packets.rs lays the same messages.
 *
 * A connection speaks for the devices [firstDevice, firstDevice + devices), in turn.
 */
export interface Sent {
  /** Place of the connection's first device in the fleet, from 0. */
  readonly firstDevice: number;
  readonly devices: number;
  /** Time of each device's first message, ms; the next are a millisecond apart. */
  readonly baseMs: number;
  readonly messages: number;
}

export const metricNames = ['temp', 'load'] as const;
export const firstSeq = 100_000_001;

export function deviceOf({ firstDevice, devices }: Sent, message: number): number {
  return firstDevice + (message % devices);
}

/** How many messages of this device came before. */
export function turnOf({ devices }: Sent, message: number): number {
  return Math.floor(message / devices);
}

/** How many of the first `messages` messages are of the connection's `index`-th device. */
export function turnsOf({ devices }: Sent, index: number, messages: number): number {
  return Math.max(0, Math.ceil((messages - index) / devices));
}

/** A metric's value in hundredths: 10.00 to 99.99, four digits always. */
export function hundredths(device: number, turn: number, metric: number): number {
  return 1000 + ((device * 37 + turn * 13 + metric * 4999) % 9000);
}

/** The sum of all values sent, in hundredths. */
export function sumOf(sent: readonly Sent[]): number {
  let sum = 0;
  for (const one of sent) {
    for (let index = 0; index < one.devices; index++) {
      const turns = turnsOf(one, index, one.messages);
      for (let metric = 0; metric < metricNames.length; metric++) {
        for (let turn = 0; turn < turns; turn++) sum += hundredths(one.firstDevice + index, turn, metric);
      }
    }
  }
  return sum;
}
