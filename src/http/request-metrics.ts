import { Counter, Histogram, type Registry } from 'prom-client';

/** Counts and times the requests of the HTTP server. */
export class RequestMetrics {
  readonly #requests: Counter;
  readonly #seconds: Histogram;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'spillway_http_requests_total',
      help: 'HTTP requests by route and status; 499: the client went away before the answer',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'spillway_http_request_seconds',
      help: 'Time from the head of a request to its answer',
      labelNames: ['method', 'route'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    });
  }

  /** `route` is the route's pattern, never the path: a label has few values. */
  observe(method: string, route: string, status: number, seconds: number): void {
    this.#requests.inc({ method, route, status });
    this.#seconds.observe({ method, route }, seconds);
  }
}
