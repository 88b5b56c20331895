import { Backoff } from '../contract/backoff.js';
import type { SchemaPlan } from '../contract/schemas/schema-plan.js';
import type { SchemaSource } from '../contract/schemas/schema-port.js';
import type { FromPipeline, ToPipeline } from '../contract/threads/pipeline.js';
import type { ThreadEvent } from '../contract/threads/shared.js';
import { metricsOf, schemaImage } from '../host/schema-image.js';
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
  event(thread: string, event: ThreadEvent): void;
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

  /** Schema versions with the metrics that they speak of; undefined: `isOver`. */
  async schemas(partition: number, numbers: readonly number[], isOver: () => boolean): Promise<ToPipeline | undefined> {
    return this.#retried(() => this.#lay(numbers), isOver, 'schemas-not-fetched', { partition });
  }

  async #lay(numbers: readonly number[]): Promise<ToPipeline> {
    const plans = await Promise.all(numbers.map((number) => this.#options.schemas.planOf(number)));
    const names = [...new Set(plans.flatMap((plan) => (plan ? metricsOf(plan) : [])))];
    const entries = names.length === 0 ? [] : await this.#options.addMetrics(names, undefined);
    // What there is no number for is denied: such a metric is in no message either.
    const metrics = entries === 'full' ? [] : entries;
    const known = new Map(metrics);
    const images = new Map(numbers.map((number, index) => [number, this.#imageOf(plans[index], (name) => known.get(name))]));
    const codecs = plans.flatMap((plan) => plan?.codec ?? []);
    return { kind: 'schemas', metrics, images, codecs };
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
