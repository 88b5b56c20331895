import { type BrokerCounts, type BrokerLimits, NOTHING_COUNTED } from '../contract/broker/session-views.js';
import type { Report } from '../telemetry/report.js';
import type { Clock } from './clock.js';
import type { brokerEvents } from './events.js';
import type { Sharing } from './exchange/sharing.js';
import type { Journal } from './journal.js';
import { Rules } from './rules.js';
import type { Session } from './session.js';
import type { Store } from './store/store.js';
import { Tenant } from './tenant.js';

type Counts = { -readonly [Name in keyof BrokerCounts]: BrokerCounts[Name] };

/** What all parts of the broker have in common. */
export class BrokerState {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly report: Report<keyof typeof brokerEvents>;
  limits: BrokerLimits;
  readonly rules = new Rules();
  readonly tenants = new Map<string, Tenant>();
  /** Connected sessions by their number among those of all gateways. */
  readonly connected = new Map<number, Session>();
  readonly counts: Counts = { ...NOTHING_COUNTED };
  /** undefined: this process is alone. */
  exchange: Sharing | undefined;
  #lastKey = 0;

  constructor(store: Store, journal: Journal, clock: Clock, report: Report<keyof typeof brokerEvents>, limits: BrokerLimits) {
    this.store = store;
    this.journal = journal;
    this.clock = clock;
    this.report = report;
    this.limits = limits;
  }

  /** A key that no table of the store has: greater than all before. */
  newKey(): number {
    return ++this.#lastKey;
  }

  /** The store has this key. */
  seenKey(key: number): void {
    if (key > this.#lastKey) this.#lastKey = key;
  }

  tenant(name: string): Tenant {
    const there = this.tenants.get(name);
    if (there) return there;
    const tenant = new Tenant(name);
    this.tenants.set(name, tenant);
    return tenant;
  }

  /** Seconds on the clock that nobody sets. */
  get steadySeconds(): number {
    return this.clock.steadyMs() / 1000;
  }
}
