import type { Metric } from '../../telemetry/metric.js';
import type { Report } from '../../telemetry/report.js';
import type { Finding, SubjectRule } from '../alerts/rule.js';
import type { metricEvents } from './events.js';
import type { MetricNames, RefusedNames } from './metric-names.js';
import type { LimitKind, NameCount } from './name-limits.js';

/** From this share of a limit on, somebody is called before it is reached. */
const FILLING_SHARE = 0.8;
/** Alerts at a time: those nearest to their limit. */
const FILLING_MAX = 20;
const REPORT_AGAIN_MS = 3_600_000;
const NAMES_SHOWN = 5;
const kinds: readonly LimitKind[] = ['total', 'tenant', 'class', 'device'];

export interface NameWatchOptions {
  readonly metricNames: MetricNames;
  readonly event: Report<keyof typeof metricEvents>;
  readonly nowMs?: () => number;
}

/** Says who fills the names of metrics, before a limit is reached and when names are refused. */
export class NameWatch {
  readonly #metricNames: MetricNames;
  readonly #event: NameWatchOptions['event'];
  readonly #nowMs: () => number;
  readonly #refused = new Map<LimitKind, number>(kinds.map((kind) => [kind, 0]));
  /** When each limit was reported last. */
  readonly #reported = new Map<string, number>();

  constructor({ metricNames, event, nowMs = () => performance.now() }: NameWatchOptions) {
    this.#metricNames = metricNames;
    this.#event = event;
    this.#nowMs = nowMs;
    metricNames.refused = (refused) => this.#count(refused);
  }

  get metrics(): Metric[] {
    return [
      {
        kind: 'gauge',
        name: 'spillway_metric_names',
        help: 'Names of metrics, with their tags, that the deployment knows.',
        values: () => [['', this.#metricNames.size]],
      },
      {
        kind: 'counter',
        name: 'spillway_metric_names_refused_total',
        help: 'How often devices brought a name of a metric that a limit had no room for.',
        label: 'limit',
        values: () => this.#refused,
      },
    ];
  }

  get rule(): SubjectRule {
    const findEach = () => this.#filling();
    return { name: 'metric_names_filling', severity: 'warning', raiseAfterMs: 0, clearAfterMs: 0, findEach };
  }

  #filling(): ReadonlyMap<string, Finding> {
    const share = ({ names, max }: NameCount) => names / max;
    const filling = this.#metricNames.counts().filter((count) => share(count) >= FILLING_SHARE);
    filling.sort((a, b) => share(b) - share(a));
    return new Map(filling.slice(0, FILLING_MAX).map((count) => [keyOf(count), findingOf(count)]));
  }

  #count({ namer, limit, names }: RefusedNames): void {
    this.#refused.set(limit.kind, (this.#refused.get(limit.kind) ?? 0) + names.length);
    const [key, now] = [keyOf(limit), this.#nowMs()];
    if (now - (this.#reported.get(key) ?? Number.NEGATIVE_INFINITY) < REPORT_AGAIN_MS) return;
    if (this.#reported.size >= 1000) this.#reported.clear();
    this.#reported.set(key, now);
    this.#event('warn', 'metric-names-refused', {
      ...(namer && { device: namer.id, tenant: namer.tenant }),
      limit: nameOf(limit),
      max: limit.max,
      names: names.slice(0, NAMES_SHOWN).join(', '),
    });
  }
}

function keyOf({ kind, tenant, deviceClass, deviceId }: NameCount): string {
  return JSON.stringify([kind, tenant, kind === 'class' ? deviceClass : deviceId]);
}

function nameOf({ kind, tenant, deviceClass, deviceId }: NameCount): string {
  if (kind === 'total') return 'the deployment';
  if (kind === 'tenant') return `tenant ${tenant}`;
  return kind === 'class' ? `class ${deviceClass} of tenant ${tenant}` : `device ${deviceId} of tenant ${tenant}`;
}

function findingOf(count: NameCount): Finding {
  const query = count.tenant === undefined ? '' : `?${new URLSearchParams({ tenant: count.tenant })}`;
  const message = `${nameOf(count)} has ${count.names} of at most ${count.max} names of metrics`;
  return { message, link: `/v1/metric-names${query}` };
}
