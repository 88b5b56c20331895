import { ApiFailure } from '../../contract/api-errors.js';
import { type Counts, total } from '../../control/ledger/counts.js';
import { adminOnly } from '../auth.js';
import { isoTime } from '../device-view.js';
import { json, type Request } from '../exchange.js';
import type { Route } from '../router.js';
import type { Services } from '../services.js';
import { deviceOf } from './devices.js';

type Needed = Pick<Services, 'keys' | 'ledger' | 'registry'>;

export function ledgerRoutes(services: Needed): Route[] {
  const admit = adminOnly(services.keys);
  return [
    { method: 'GET', pattern: '/v1/ledger', admit, handle: () => node(services) },
    { method: 'GET', pattern: '/v1/devices/:id/ledger', admit, handle: (request) => device(services, request) },
  ];
}

async function node({ ledger }: Needed) {
  const tenants = await ledger.tenants();
  return json(200, {
    since: isoTime(ledger.sinceMs),
    balanced: ledger.imbalance === 0,
    imbalance: ledger.imbalance,
    imbalances: ledger.imbalances,
    checked_at: ledger.checkedMs === undefined ? null : isoTime(ledger.checkedMs),
    node: { ...viewCounts(ledger.node()), recovered: ledger.node().recovered },
    tenants: tenants.map((one) => {
      return { tenant: one.tenant, devices: one.devices, balanced: one.balanced ?? null, ...viewCounts(one) };
    }),
  });
}

async function device(services: Needed, request: Request) {
  const found = deviceOf(services, request, 'read the ledger of');
  if (found instanceof ApiFailure) return found;
  const ledger = await services.ledger.device(found);
  const { sequence } = ledger;
  return json(200, {
    device_id: found.id,
    tenant: found.tenant,
    // The state counts for as long as it remembers; what was rejected and what is in flight count from the start.
    since: ledger.sinceMs === undefined ? null : isoTime(ledger.sinceMs),
    rejected_since: isoTime(services.ledger.sinceMs),
    balanced: ledger.balanced,
    ...viewCounts(ledger),
    sequence: {
      first: sequence.first,
      last: sequence.last,
      received: sequence.received,
      missing: sequence.missing,
      missing_ranges: sequence.ranges,
      // Below `first` there were numbers whose gaps are no longer known.
      truncated: ledger.runsForgotten > 0,
      runs_forgotten: ledger.runsForgotten,
      reboots: ledger.reboots,
      rebooted_at: ledger.rebootMs === undefined ? null : isoTime(ledger.rebootMs),
    },
  });
}

function viewCounts({ received, stored, duplicate, dead, rejected, lost, inFlight }: Counts) {
  return {
    received,
    stored,
    duplicate,
    dead: total(dead),
    dead_by_reason: dead,
    rejected: total(rejected),
    rejected_by_reason: rejected,
    lost,
    in_flight: inFlight,
  };
}
