import { brokerKill, diskFull, type Fault, faults } from './faults.js';
import { findFullDisk } from './full-disk.js';

/** Faults that strike one appliance, one after another. */
export interface Stage {
  readonly faults: readonly Fault[];
  /** Its log is on something that can be filled up. */
  readonly smallDisk: boolean;
  /** What a fault is given at most, however long the whole may take. */
  readonly secondsMax: number;
}

/** A small disk has no room for the load of hours. */
const smallDiskSecondsMax = 120;

export interface Plan {
  readonly kafka: boolean;
  readonly stages: readonly Stage[];
  /** What is not done here, and why: it was not passed either. */
  readonly notTried: readonly { readonly name: string; readonly why: string }[];
}

/** What can be done on this machine. */
export function planChaos(kafka: boolean, disk = findFullDisk()): Plan {
  if (kafka) {
    const notTried = [{ name: diskFull.name, why: 'the log is in Kafka, on the disks of the brokers' }];
    return { kafka, stages: [{ faults: [...faults, brokerKill], smallDisk: false, secondsMax: Number.POSITIVE_INFINITY }], notTried };
  }
  const noBroker = { name: brokerKill.name, why: 'the log is in files; with --kafka it is in Kafka' };
  const stages: Stage[] = [{ faults, smallDisk: false, secondsMax: Number.POSITIVE_INFINITY }];
  if ('missing' in disk) return { kafka, stages, notTried: [{ name: diskFull.name, why: disk.missing }, noBroker] };
  // An appliance of its own: a tmpfs answers a sync sooner than the disk under the other faults does.
  stages.push({ faults: [diskFull], smallDisk: true, secondsMax: smallDiskSecondsMax });
  return { kafka, stages, notTried: [noBroker] };
}

/** The plan with these faults alone; the verdict names the others as not tried. */
export function onlyFaults(plan: Plan, names: readonly string[]): Plan {
  const isWanted = ({ name }: Fault) => names.includes(name);
  const stages = plan.stages.map((stage) => ({ ...stage, faults: stage.faults.filter(isWanted) }));
  const left = plan.stages.flatMap(({ faults }) => faults.filter((fault) => !isWanted(fault)));
  const why = 'it is not among those that --faults names';
  return {
    ...plan,
    stages: stages.filter(({ faults }) => faults.length > 0),
    notTried: [...plan.notTried, ...left.map(({ name }) => ({ name, why }))],
  };
}

export function runsOf({ stages }: Plan): number {
  return stages.reduce((sum, stage) => sum + stage.faults.length, 0);
}
