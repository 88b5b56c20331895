/**
 * Which message a connection sends as its i-th. Every part of it is a function of its place, so the
 * rows that must be in the database afterwards can be computed without a copy of what was sent.
 *
 * A connection speaks for the devices [firstDevice, firstDevice + devices), in turn. Its packets are
 * laid out once as a lap of `slots` packets, a multiple of the devices, and sent lap after lap.
 */
export interface LoadPlan {
  readonly connection: number;
  /** Place of the connection's first device in the fleet, from 0. */
  readonly firstDevice: number;
  readonly devices: number;
  readonly slots: number;
  /** Time of each device's first message, ms; the next are a millisecond apart. */
  readonly baseMs: number;
}

export const metricNames = ['temp', 'load'] as const;
/** Numbers have nine digits from the first on, so that patching them never moves a byte. */
export const firstSeq = 100_000_001;

export function slotsFor(devices: number, batch: number): number {
  return devices * Math.ceil((batch * 4) / devices);
}

export function deviceOf(plan: LoadPlan, message: number): number {
  return plan.firstDevice + ((message % plan.slots) % plan.devices);
}

/** How many messages of this device came before. */
export function turnOf(plan: LoadPlan, message: number): number {
  const lap = Math.floor(message / plan.slots);
  return lap * (plan.slots / plan.devices) + Math.floor((message % plan.slots) / plan.devices);
}

/** A metric's value in hundredths: 10.00 to 99.99, four digits always. */
export function hundredths(device: number, turn: number, metric: number): number {
  return 1000 + ((device * 37 + turn * 13 + metric * 4999) % 9000);
}
