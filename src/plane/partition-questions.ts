import { Backoff } from '../contract/backoff.js';
import type { SchemaPlan } from '../contract/schemas/schema-plan.js';
import type { SchemaSource } from '../contract/schemas/schema-port.js';
import type { FromPipeline, ToPipeline } from '../contract/threads/pipeline.js';
import type { ThreadEvent } from '../contract/threads/shared.js';
import type { TimeZoneSource } from '../contract/time-zone.js';
import { zoneOfKey } from '../host/laid-schemas.js';
import { metricsOf, schemaImage } from '../host/schema-image.js';
import { timeZoneImage } from '../host/time-zone-image.js';
import type { planeEvents } from './events.js';

/** Between two attempts to answer, ms. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 2000;

type MetricsQuestion = Extract<FromPipeline, { kind: 'unknown-metrics' }>;
type NumberedNames = readonly (readonly [name: string, number: number])[];
type Fields = ThreadEvent['fields'];

export interface PartitionQuestionsOptions {
  addMetrics(names: readonly string[], device: number | undefined): Promise<NumberedNames | 'full'>;
  readonly schemas: SchemaSource;
  readonly timeZones: TimeZoneSource;
  event(thread: string, event: ThreadEvent): void;
}

/** Whether a number that a partition asks for is that of a time zone. */
function isTimeZone(number: number): boolean {
  return zoneOfKey(number) !== undefined;
}

/**
 * Answers what partitions cannot go on without. Until the registry answers, the partition stands still and its messages wait in the log. An
 * outage is reported once for each cause.
 */
export class PartitionQuestions {
  readonly #options: PartitionQuestionsOptions;

  constructor(options: PartitionQuestionsOptions) {
    this.#options = options;
  }

  /** Numbers for metrics; undefined: `isOver`, nobody waits any more. */
  async number({ partition, device, names }: MetricsQuestion, isOver: () => boolean): Promise<ToPipeline | undefined> {
    const add = () => this.#options.addMetrics(names, device);
    const entries = await this.#retried(add, isOver, 'metrics-not-numbered', { partition });
    return entries && (entries === 'full' ? { kind: 'metrics-denied', partition } : { kind: 'metrics', entries });
  }

  /** Schema versions with the metrics that they speak of, and time zones; undefined: `isOver`. */
  async schemas(partition: number, numbers: readonly number[], isOver: () => boolean): Promise<ToPipeline | undefined> {
    return this.#retried(() => this.#lay(numbers), isOver, 'schemas-not-fetched', { partition });
  }

  async #lay(numbers: readonly number[]): Promise<ToPipeline> {
    const zones = await Promise.all(numbers.filter(isTimeZone).map((number) => this.#timeZone(number)));
    const versions = numbers.filter((number) => !isTimeZone(number));
    const plans = await Promise.all(versions.map((number) => this.#options.schemas.planOf(number)));
    const names = [...new Set(plans.flatMap((plan) => (plan ? metricsOf(plan) : [])))];
    const entries = names.length === 0 ? [] : await this.#options.addMetrics(names, undefined);
    // What there is no number for is denied: such a metric is in no message either.
    const metrics = entries === 'full' ? [] : entries;
    const known = new Map(metrics);
    const laid = versions.map((number, index) => [number, this.#imageOf(plans[index], (name) => known.get(name))] as const);
    const images = new Map([...laid, ...zones]);
    const codecs = plans.flatMap((plan) => plan?.codec ?? []);
    return { kind: 'schemas', metrics, images, codecs };
  }

  async #timeZone(number: number): Promise<readonly [number: number, image: Uint8Array | undefined]> {
    const name = await this.#options.timeZones.find(zoneOfKey(number)!);
    return [number, name === undefined ? undefined : timeZoneImage(name)];
  }

  #imageOf(plan: SchemaPlan | undefined, numberOf: (metric: string) => number | undefined): Uint8Array | undefined {
    if (!plan) return undefined;
    try {
      return schemaImage(plan, numberOf);
    } catch (error) {
      this.#report('schema-not-laid', { schema: plan.number, cause: (error as Error).message });
      return undefined;
    }
  }

  async #retried<Answer>(
    attempt: () => Promise<Answer>,
    isOver: () => boolean,
    name: keyof typeof planeEvents,
    fields: Fields,
  ): Promise<Answer | undefined> {
    const backoff = new Backoff(RETRY_MS_MIN, RETRY_MS_MAX);
    let reported = '';
    while (!isOver()) {
      try {
        const answer = await attempt();
        return isOver() ? undefined : answer;
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        if (cause !== reported) this.#report(name, { ...fields, cause });
        reported = cause;
        await new Promise((resolve) => setTimeout(resolve, backoff.next()));
      }
    }
    return undefined;
  }

  #report(name: keyof typeof planeEvents, fields: Fields): void {
    this.#options.event('main', { kind: 'event', level: 'error', name, fields });
  }
}
