import { depthAnswer } from '../../contract/answers/letters.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { json } from '../../http/exchange.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { depthOf } from './depth.js';
import type { LetterWatch } from './letter-watch.js';
import type { LetterLimits } from './retention.js';

const doc: RouteDoc = {
  summary: 'How many dead letters are kept and were removed, by tenant and reason',
  auth: 'viewer',
  scope: 'deployment',
  answers: { 200: depthAnswer },
  codes: [],
};

export interface DepthRoutesOptions {
  readonly watch: Pick<LetterWatch, 'tallies' | 'readMs'>;
  readonly limits: LetterLimits;
  readonly keys: KeyCheck;
}

export function depthRoutes({ watch, limits, keys }: DepthRoutesOptions): Route[] {
  return [{ method: 'GET', pattern: '/v1/dead-letters/depth', doc, admit: adminOnly(keys), handle: () => json(200, depth(watch, limits)) }];
}

function depth(watch: DepthRoutesOptions['watch'], limits: LetterLimits) {
  const tenants = depthOf(watch.tallies ?? []).map(({ tenant, letters, bytes, removed, removedBytes, byReason }) => {
    return { tenant, letters, bytes, removed, removed_bytes: removedBytes, by_reason: byReason };
  });
  const sum = (value: (one: (typeof tenants)[number]) => number) => tenants.reduce((total, one) => total + value(one), 0);
  return {
    counted_at: watch.readMs === undefined ? null : isoTime(watch.readMs),
    letters: sum(({ letters }) => letters),
    bytes: sum(({ bytes }) => bytes),
    removed: sum(({ removed }) => removed),
    removed_bytes: sum((one) => one.removed_bytes),
    limits: {
      days: limits.daysMax,
      letters: limits.lettersMax,
      mib: limits.mibMax,
      tenant_letters: limits.tenantLettersMax,
      tenant_mib: limits.tenantMibMax,
    },
    tenants,
  };
}
