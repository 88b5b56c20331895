import { deviceLedgerAnswer, ledgerAnswer } from '../../contract/answers/ledger.js';
import { ApiFailure, codeOf } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { json, type Request } from '../../http/exchange.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { deviceOf, tenantQuery } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import { type Counts, total } from './counts.js';
import type { DeploymentBooks } from './deployment-books.js';
import type { Rejection } from './device-rejections.js';
import type { Ledger } from './ledger.js';

export interface LedgerRoutesOptions {
  readonly ledger: Ledger;
  readonly registry: Pick<Registry, 'get' | 'groups' | 'unknown'>;
  readonly keys: KeyCheck;
}

const ledgerDoc: RouteDoc = {
  summary: 'What became of all messages, by node and tenant, and whether the books balance',
  auth: 'viewer',
  scope: 'deployment',
  answers: { 200: ledgerAnswer },
  codes: [],
};
const deviceDoc: RouteDoc = {
  summary: 'What became of the messages of a device',
  auth: 'viewer',
  scope: 'device',
  query: tenantQuery,
  answers: { 200: deviceLedgerAnswer },
  codes: ['device_unknown', 'partition_not_running'],
};

export function ledgerRoutes(services: LedgerRoutesOptions): Route[] {
  const admit = adminOnly(services.keys);
  return [
    { method: 'GET', pattern: '/v1/ledger', doc: ledgerDoc, admit, handle: () => node(services) },
    { method: 'GET', pattern: '/v1/devices/:id/ledger', doc: deviceDoc, admit, handle: (request) => device(services, request) },
  ];
}

async function node({ ledger }: LedgerRoutesOptions) {
  const deployment = await ledger.deployment();
  if (deployment) return json(200, viewDeployment(deployment));
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

async function device(services: LedgerRoutesOptions, request: Request) {
  const found = deviceOf(services.registry, request, 'read the ledger of');
  if (found instanceof ApiFailure) return found;
  const ledger = await services.ledger.device(found);
  if ('notRunning' in ledger) {
    const cause = `no process answers for partition ${ledger.notRunning}`;
    return new ApiFailure('partition_not_running', `read the ledger of device ${found.id}`, cause);
  }
  const { sequence } = ledger;
  return json(200, {
    device_id: found.id,
    tenant: found.tenant,
    // The state counts for as long as it remembers; what was rejected and what is in flight count from the start.
    since: ledger.sinceMs === undefined ? null : isoTime(ledger.sinceMs),
    rejected_since: isoTime(services.ledger.sinceMs),
    balanced: ledger.balanced ?? null,
    ...viewCounts(ledger),
    readings_left_out: ledger.leftOut,
    last_rejection: viewRejection(ledger.lastRejection),
    // What they rejected is missing.
    processes_silent: ledger.silent,
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

function viewRejection(rejection: Rejection | undefined) {
  if (!rejection) return null;
  const { code, topic, atMs } = rejection;
  const { cause = null, wayOut = null } = codeOf(code) ?? {};
  return { code, topic: topic ?? null, at: isoTime(atMs), cause, way_out: wayOut };
}

/** Of several processes: sums, and what each of them says. */
function viewDeployment(deployment: DeploymentBooks) {
  const { balanced, imbalance, sinceMs, processes, silent, notRunning, contested, node, tenants } = deployment;
  return {
    since: isoTime(sinceMs),
    balanced: balanced ?? null,
    imbalance,
    imbalances: processes.flatMap(([process, books]) => books.imbalances.map((one) => ({ process, ...one }))),
    checked_at: null,
    node: { ...viewCounts(node), recovered: node.recovered },
    tenants: tenants.map((one) => ({ tenant: one.tenant, devices: one.devices, balanced: null, ...viewCounts(one) })),
    processes: processes.map(([process, books]) => ({
      process,
      since: isoTime(books.sinceMs),
      checked_at: books.checkedMs === undefined ? null : isoTime(books.checkedMs),
      partitions: books.partitions,
      balanced: books.imbalance === 0,
      imbalance: books.imbalance,
      // What it took in others may have judged, and the other way round.
      ...viewCounts({ ...books.node, inFlight: undefined }),
      recovered: books.node.recovered,
    })),
    processes_silent: silent,
    partitions_not_running: notRunning,
    // Several processes think that they run them: what tenants have there is counted more than once.
    partitions_contested: contested,
  };
}

/** In flight is null where it is not known. */
function viewCounts(counts: Omit<Counts, 'inFlight'> & { readonly inFlight: number | undefined }) {
  const { received, stored, duplicate, dead, rejected, lost, inFlight } = counts;
  return {
    received,
    stored,
    duplicate,
    dead: total(dead),
    dead_by_reason: dead,
    rejected: total(rejected),
    rejected_by_reason: rejected,
    lost,
    in_flight: inFlight ?? null,
  };
}
