import type { LatestPoint, PartitionLag, Point } from '../../../src/contract/data-plane.js';
import { partitionOf } from '../../../src/contract/partition.js';
import { Deployment } from '../../../src/control/deployment/deployment.js';
import type { NotifyListener } from '../../../src/control/deployment/notify-channel.js';
import type { ProcessBooks } from '../../../src/control/ledger/shares.js';
import { PlaneDouble } from '../../support/plane-double.js';

export const PARTITIONS = 4;

/** What goes from process to process in these tests, at once and in one thread; a test may cut a process off. */
export class Bus {
  readonly listeners = new Map<string, NotifyListener>();
  readonly cut = new Set<string>();
  readonly texts: { readonly from: string; readonly to: string | undefined; readonly text: string }[] = [];

  send(from: string, text: string, to: string | undefined): void {
    this.texts.push({ from, to, text });
    for (const [name, listener] of this.listeners) {
      if (name !== from && (to ?? name) === name && !this.cut.has(from) && !this.cut.has(name)) listener.received(from, text);
    }
  }
}

/** Runs some partitions: it knows a reading of each of their devices. */
class PlaneOfSome extends PlaneDouble {
  readonly here = new Set<number>();
  /** What it knows instead of a reading of each device. */
  readonly known: LatestPoint[] = [];

  override lag(): PartitionLag[] {
    return Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, isHere: this.here.has(partition) }) as PartitionLag);
  }

  override async latest(devices: readonly number[]) {
    const asked = [...new Set(devices.map((device) => partitionOf(device, PARTITIONS)))];
    const own = devices.filter((device) => this.here.has(partitionOf(device, PARTITIONS)));
    const points = this.known.length > 0 ? this.known.filter(({ device }) => own.includes(device)) : own.map(pointOf);
    return { points, unheld: this.unheld, notRunning: asked.filter((partition) => !this.here.has(partition)) };
  }
}

export interface Process {
  readonly plane: PlaneOfSome;
  readonly deployment: Deployment;
  readonly events: string[];
  nowMs: number;
}

/** A process that runs these partitions. */
export async function join(bus: Bus, name: string, partitions: readonly number[]): Promise<Process> {
  const plane = new PlaneOfSome();
  for (const partition of partitions) plane.here.add(partition);
  const process = { plane, events: [] as string[], nowMs: 0 };
  const books: ProcessBooks = {
    sinceMs: 1,
    checkedMs: undefined,
    imbalance: 0,
    imbalances: [],
    partitions,
    node: { received: 1, recovered: 0, stored: 1, duplicate: 0, dead: {}, rejected: {}, lost: 0, inFlight: 0 },
    tenants: [],
  };
  const deployment = new Deployment({
    channel: {
      send: (text, to) => {
        bus.send(name, text, to);
        return true;
      },
      follow: async (listener) => void bus.listeners.set(name, listener),
      close: async () => void bus.listeners.delete(name),
    },
    name: `process ${name}`,
    partitions: PARTITIONS,
    plane,
    ownRates: () => ({ messagesPerSecond: 1.5, readingsPerSecond: 3, connections: 2 }),
    ledger: () => ({
      share: async (device) => ({
        account: plane.here.has(partitionOf(device, PARTITIONS)) ? plane.accountOf : undefined,
        rejected: { [`by_${name}`]: 1 },
      }),
      books: async () => books,
    }),
    event: (_, event) => process.events.push(event),
    answerMsMax: 50,
    nowMs: () => process.nowMs,
  });
  await deployment.open();
  deployment.announce();
  return Object.assign(process, { deployment });
}

/** A device of the partition; there are as many as asked for. */
export function deviceOf(partition: number, index = 0): number {
  let left = index;
  for (let device = 1; ; device++) if (partitionOf(device, PARTITIONS) === partition && left-- === 0) return device;
}

export function pointOf(device: number): Point {
  return { device, metric: 1, tsMs: 1000.5, value: device / 2, receivedMs: 2000 };
}
