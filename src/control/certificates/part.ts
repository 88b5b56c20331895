import type { Metric } from '../../telemetry/metric.js';
import type { Finding, SubjectRule } from '../alerts/rule.js';
import type { Part } from '../part.js';

/** Certificates that this process uses, with their ends in ms of the Unix epoch. */
export type UsedCertificates = () => readonly { readonly name: string; readonly expiresMs: number }[];

const DAY_MS = 86_400_000;
const LIMITS = [
  { name: 'certificate_expires_in_30_days', severity: 'warning', days: 30 },
  { name: 'certificate_expires_in_7_days', severity: 'warning', days: 7 },
  { name: 'certificate_expires_in_1_day', severity: 'critical', days: 1 },
] as const;

/** Says how long the certificates of TLS are valid, and calls somebody before they are not. */
export function certificatesPart(certificates: UsedCertificates, nowMs: () => number = Date.now): Part {
  const metric: Metric = {
    kind: 'gauge',
    name: 'spillway_certificate_expiry_seconds',
    help: 'Seconds until a certificate in use expires; negative: it has expired',
    label: 'certificate',
    values: () => certificates().map(({ name, expiresMs }) => [name, Math.floor((expiresMs - nowMs()) / 1000)]),
  };
  const rules = LIMITS.map(({ name, severity, days }): SubjectRule => {
    const findEach = () =>
      new Map(
        certificates()
          .filter(({ expiresMs }) => expiresMs - nowMs() < days * DAY_MS)
          .map(({ name: subject, expiresMs }) => [subject, findingOf(subject, expiresMs, nowMs())]),
      );
    return { name, severity, raiseAfterMs: 0, clearAfterMs: 0, findEach };
  });
  return { metrics: [metric], rules };
}

function findingOf(name: string, expiresMs: number, nowMs: number): Finding {
  const verb = expiresMs > nowMs ? 'expires' : 'has expired';
  return { message: `the certificate ${name} ${verb} at ${new Date(expiresMs).toISOString()}` };
}
