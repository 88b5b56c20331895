import { type Counts, merge, total } from './counts.js';
import type { ProcessBooks, TenantCounts } from './shares.js';

/** Counts over several processes. What one has taken in another judges, and they start at different times: nobody knows what is in flight. */
export type SummedCounts = Omit<Counts, 'inFlight'> & { readonly inFlight: undefined };

/** The books of a deployment, process by process and summed where sums mean something. */
export class DeploymentBooks {
  readonly processes: readonly (readonly [name: string, books: ProcessBooks])[];
  /** Processes that are there and did not answer. */
  readonly silent: readonly string[];
  /** Partitions that none of those that answered runs. */
  readonly notRunning: readonly number[];
  /** Partitions that several think they run: one of them has yet to find out, and tenants' sums have it twice. */
  readonly contested: readonly number[];

  constructor(processes: DeploymentBooks['processes'], silent: readonly string[], partitions: number) {
    this.processes = processes;
    this.silent = silent;
    const runners = Array.from({ length: partitions }, (_, partition) => {
      return { partition, count: processes.filter(([, books]) => books.partitions.includes(partition)).length };
    });
    this.notRunning = runners.filter(({ count }) => count === 0).map(({ partition }) => partition);
    this.contested = runners.filter(({ count }) => count > 1).map(({ partition }) => partition);
  }

  get imbalance(): number {
    return this.processes.reduce((sum, [, { imbalance }]) => sum + imbalance, 0);
  }

  /** Each process compares its own counts exactly. Undefined: not all of them have said what they found. */
  get balanced(): boolean | undefined {
    if (this.imbalance > 0) return false;
    return this.silent.length === 0 ? true : undefined;
  }

  /** Since when the oldest of the processes counts, ms. */
  get sinceMs(): number {
    return Math.min(...this.processes.map(([, books]) => books.sinceMs));
  }

  get node(): SummedCounts {
    return sum(this.processes.map(([, books]) => books.node));
  }

  get tenants(): (SummedCounts & Pick<TenantCounts, 'tenant' | 'devices'>)[] {
    const byTenant = new Map<string, TenantCounts[]>();
    for (const book of this.processes.flatMap(([, books]) => books.tenants)) {
      byTenant.set(book.tenant, [...(byTenant.get(book.tenant) ?? []), book]);
    }
    return Array.from(byTenant, ([tenant, books]) => {
      const judged = sum(books);
      // What became of it, whoever took it in.
      const received = judged.stored + judged.duplicate + total(judged.dead) + total(judged.rejected) + judged.lost;
      return { ...judged, received, tenant, devices: books.reduce((devices, book) => devices + book.devices, 0) };
    }).sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
  }
}

function sum(all: readonly Counts[]): SummedCounts {
  const of = (read: (counts: Counts) => number) => all.reduce((whole, counts) => whole + read(counts), 0);
  return {
    received: of(({ received }) => received),
    recovered: of(({ recovered }) => recovered),
    stored: of(({ stored }) => stored),
    duplicate: of(({ duplicate }) => duplicate),
    dead: merge(...all.map(({ dead }) => dead)),
    rejected: merge(...all.map(({ rejected }) => rejected)),
    lost: of(({ lost }) => lost),
    inFlight: undefined,
  };
}
