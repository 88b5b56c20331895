import type { KeyCheck } from '../../http/auth.js';
import type { Part } from '../part.js';
import { ClaimCodes } from './claim-codes.js';
import { Claims, type ClaimsOptions } from './claims.js';
import { claimRoutes } from './routes.js';

export interface ClaimsPartOptions extends Omit<ClaimsOptions, 'codes'> {
  readonly keys: KeyCheck;
}

/** Codes by which devices register themselves, over the API. */
export function claimsPart(options: ClaimsPartOptions): Part {
  const codes = new ClaimCodes(options.database);
  const claims = new Claims({ ...options, codes });
  return {
    role: 'control',
    routes: claimRoutes(claims, codes, options.keys),
    metrics: [
      {
        kind: 'counter',
        name: 'spillway_claims_total',
        help: 'Claims of devices at this process since the start, by what became of them',
        label: 'result',
        values: () => Object.entries(claims.counts),
      },
    ],
  };
}
