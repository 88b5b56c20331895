import type { Metric } from '../../telemetry/metric.js';
import type { Finding, SubjectRule } from '../alerts/rule.js';
import type { DeviceCredentials, OwnedCredential } from './device-credentials.js';

const DAY_MS = 86_400_000;
const LIMITS = [
  { label: '30_days', rule: 'device_credentials_expire_in_30_days', days: 30 },
  { label: '7_days', rule: 'device_credentials_expire_in_7_days', days: 7 },
  { label: '1_day', rule: 'device_credentials_expire_in_1_day', days: 1 },
] as const;
/** There may be very many credentials, and no end comes closer by much within a minute. */
const COUNT_EVERY_MS = 60_000;
const SUBJECTS_MAX = 20;
/** Devices that an alert names. */
const NAMED_MAX = 5;

interface Ending {
  readonly tenant: string;
  readonly device: string;
  readonly endMs: number;
  /** From its beginning to its end. */
  readonly lifeMs: number;
}

/** Counts credentials of devices that end soon and that nothing replaces yet, and calls somebody before their devices are locked out. */
export function credentialExpiry(credentials: Pick<DeviceCredentials, 'all'>, nowMs: () => number = Date.now) {
  let countedMs = Number.NEGATIVE_INFINITY;
  let endings: readonly Ending[] = [];

  function within(days: number): readonly Ending[] {
    const now = nowMs();
    if (now - countedMs >= COUNT_EVERY_MS) {
      endings = [...credentials.all()].flatMap(([, owned]) => endingsOf(owned)).sort((a, b) => a.endMs - b.endMs);
      countedMs = now;
    }
    // A credential made for less than the limit is near its end all its life, which is no news.
    return endings.filter(({ endMs, lifeMs }) => endMs - now < days * DAY_MS && lifeMs > days * DAY_MS);
  }

  const metric: Metric = {
    kind: 'gauge',
    name: 'spillway_device_credentials_expiring',
    help: 'Credentials of devices that expire within that time or have expired, and that no later one of the same kind replaces',
    label: 'within',
    values: () => LIMITS.map(({ label, days }) => [label, within(days).length]),
  };
  const rules = LIMITS.map(({ rule: name, days }): SubjectRule => {
    const findEach = () => findingsOf(within(days), days);
    return { name, severity: 'warning', raiseAfterMs: 0, clearAfterMs: 0, findEach };
  });
  return { metrics: [metric], rules };
}

/** The last to end of each kind that a device has: the others are replaced. */
function endingsOf(owned: readonly OwnedCredential[]): Ending[] {
  const last = new Map<string, Ending>();
  for (const one of owned) {
    const endMs = endOf(one);
    const before = last.get(one.type);
    if (before && before.endMs >= endMs) continue;
    last.set(one.type, { tenant: one.tenant, device: one.device, endMs, lifeMs: endMs - (one.notBeforeMs ?? one.createdAtMs) });
  }
  return [...last.values()].filter(({ endMs }) => endMs !== Number.POSITIVE_INFINITY);
}

/** A certificate that is known ends when it says so, even where its credential has no bound. */
function endOf({ type, expiresMs, shown }: OwnedCredential): number {
  const certificateEnd = type === 'x509' && typeof shown?.valid_to === 'string' ? Date.parse(shown.valid_to) : Number.POSITIVE_INFINITY;
  return Math.min(expiresMs ?? Number.POSITIVE_INFINITY, certificateEnd);
}

function findingsOf(endings: readonly Ending[], days: number): ReadonlyMap<string, Finding> {
  const byTenant = new Map<string, Ending[]>();
  for (const ending of endings) {
    const own = byTenant.get(ending.tenant);
    if (own) own.push(ending);
    else byTenant.set(ending.tenant, [ending]);
  }
  return new Map([...byTenant].slice(0, SUBJECTS_MAX).map(([tenant, own]) => [tenant, findingOf(tenant, own, days)]));
}

function findingOf(tenant: string, [first, ...others]: readonly Ending[], days: number): Finding {
  const { device, endMs } = first as Ending;
  const named = [device, ...others.slice(0, NAMED_MAX - 1).map((one) => one.device)].join(', ');
  const more = others.length < NAMED_MAX ? '' : ` and ${others.length + 1 - NAMED_MAX} more`;
  return {
    message: `credentials of devices of tenant ${tenant} expire within ${days} days or have expired, the first at ${new Date(endMs).toISOString()}: ${named}${more}`,
    link: `/v1/devices/${encodeURIComponent(device)}/credentials?tenant=${encodeURIComponent(tenant)}`,
  };
}
