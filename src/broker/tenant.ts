import { Retained } from './retained.js';
import { Routes } from './routes.js';
import type { Session, TenantBudget } from './session.js';

/** Sessions, subscriptions and retained messages of one tenant. Nothing of it reaches another. */
export class Tenant implements TenantBudget {
  readonly name: string;
  readonly sessions = new Map<string, Session>();
  readonly routes = new Routes();
  readonly retained = new Retained();
  queuedBytes = 0;
  connected = 0;
  /** Subscriptions to topics of the broker itself. */
  systemFilters = 0;
  published = 0;
  delivered = 0;

  constructor(name: string) {
    this.name = name;
  }
}
