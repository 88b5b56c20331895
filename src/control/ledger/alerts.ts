import { LASTING_MS, type Rule } from '../alerts/rule.js';
import type { Imbalance } from './balance.js';

interface Books {
  readonly imbalances: readonly Imbalance[];
}

/** What must not be of the books. */
export function ledgerRules(ledger: Books): Rule[] {
  return [{ name: 'ledger_unbalanced', severity: 'critical', raiseAfterMs: 0, clearAfterMs: LASTING_MS, find: () => unbalanced(ledger) }];
}

function unbalanced({ imbalances }: Books): string | undefined {
  if (imbalances.length === 0) return undefined;
  return imbalances.map(({ at, between, missing }) => `${at}: ${missing} messages between ${between}`).join('; ');
}
