import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Metric } from './metric.js';

/** What Prometheus reads: the metrics of every subject as they are at the scrape, and those of the process itself. */
export class Exposition {
  /** Takes up metrics that count by themselves, too. */
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  add(metrics: readonly Metric[]): void {
    for (const metric of metrics) {
      if (metric.kind === 'counter') this.#addCounter(metric);
      else this.#addGauge(metric);
    }
  }

  #addCounter({ name, help, label, values }: Metric): void {
    new Counter({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [key, value] of values()) this.inc(label === undefined ? {} : { [label]: key }, value);
      },
    });
  }

  #addGauge({ name, help, label, values }: Metric): void {
    new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [key, value] of values()) this.set(label === undefined ? {} : { [label]: key }, value);
      },
    });
  }
}
