import type { DataPlane } from '../../contract/data-plane.js';
import type { KeyCheck } from '../../http/auth.js';
import type { Report } from '../../telemetry/report.js';
import type { Part } from '../part.js';
import type { issuersEvents } from './events.js';
import { KeyFetcher } from './key-fetcher.js';
import { issuersMetrics } from './metrics.js';
import { issuerRoutes } from './routes.js';
import type { TokenIssuers } from './token-issuers.js';

export interface IssuersPartOptions {
  readonly issuers: TokenIssuers;
  readonly plane: Pick<DataPlane, 'onIdentityAsked'>;
  readonly keys: KeyCheck;
  readonly event: Report<keyof typeof issuersEvents>;
}

/** Who signs tokens for devices, over the API, and their keys, which are fetched. */
export function issuersPart({ issuers, plane, keys, event }: IssuersPartOptions): Part {
  const fetcher = new KeyFetcher({ issuers, event });
  issuers.keyUnknown = (issuer) => fetcher.asked(issuer);
  return {
    role: 'control',
    routes: issuerRoutes(issuers, fetcher, keys),
    metrics: issuersMetrics(issuers, fetcher),
    open: async () => {
      plane.onIdentityAsked('issuer-keys', ({ issuer }) => fetcher.asked(issuer));
      fetcher.open();
    },
    close: () => fetcher.close(),
  };
}
