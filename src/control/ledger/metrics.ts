import { gauge, type Metric } from '../../telemetry/metric.js';
import type { Ledger } from './ledger.js';

export function ledgerMetrics(ledger: Pick<Ledger, 'imbalance' | 'messages'>): Metric[] {
  return [
    {
      kind: 'gauge',
      name: 'spillway_ledger_messages',
      help: 'Messages since the start, by what became of them',
      label: 'state',
      values: () => Object.entries(ledger.messages),
    },
    gauge('spillway_ledger_imbalance', 'Messages that the ledger does not account for; 0: it balances', () => ledger.imbalance),
  ];
}
