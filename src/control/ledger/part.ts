import type { KeyCheck } from '../../http/auth.js';
import type { Part } from '../part.js';
import type { Registry } from '../registry/registry.js';
import { ledgerRules } from './alerts.js';
import { Ledger, type LedgerOptions } from './ledger.js';
import { ledgerMetrics } from './metrics.js';
import { ledgerRoutes } from './routes.js';

export interface LedgerPartOptions extends LedgerOptions {
  readonly registry: Registry;
  readonly keys: KeyCheck;
}

/** The books of all messages. */
export function ledgerPart(options: LedgerPartOptions) {
  const { registry, keys } = options;
  const ledger = new Ledger(options);
  return {
    ledger,
    role: 'control',
    routes: ledgerRoutes({ ledger, registry, keys }),
    metrics: ledgerMetrics(ledger),
    rules: ledgerRules(ledger),
    close: async () => ledger.close(),
  } satisfies Part & { ledger: Ledger };
}
