import type { Metric } from '../../telemetry/metric.js';
import type { KeyFetcher } from './key-fetcher.js';
import type { TokenIssuers } from './token-issuers.js';

export function issuersMetrics(issuers: TokenIssuers, fetcher: KeyFetcher): Metric[] {
  return [
    {
      kind: 'gauge',
      name: 'spillway_token_issuers',
      help: 'Issuers whose tokens prove devices',
      values: () => [['', [...issuers.all()].reduce((sum, [, list]) => sum + list.length, 0)]],
    },
    {
      kind: 'counter',
      name: 'spillway_issuer_key_fetches_total',
      help: 'Fetches of the keys of issuers by this process since the start',
      label: 'result',
      values: () => [
        ['fetched', fetcher.fetched],
        ['failed', fetcher.failed],
      ],
    },
  ];
}
