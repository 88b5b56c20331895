import type { Logger } from 'pino';
import { ApiFailure } from '../contract/api-errors.js';
import { alertRoutes } from '../control/alerts/routes.js';
import { healthRoutes } from '../control/health/routes.js';
import { ingestRoutes } from '../control/ingest/routes.js';
import { keyRoutes } from '../control/keys/routes.js';
import { ledgerRoutes } from '../control/ledger/routes.js';
import { LiveViews } from '../control/live/live-views.js';
import { liveRoutes } from '../control/live/routes.js';
import { pipelineRoutes } from '../control/plane/routes.js';
import { readingRoutes } from '../control/queries/routes.js';
import { fleetRoutes } from '../control/registry/fleet-routes.js';
import { deviceRoutes } from '../control/registry/routes.js';
import { tenantRoutes } from '../control/registry/tenant-routes.js';
import type { Services } from '../control/services.js';
import { Dispatcher } from './dispatcher.js';
import type { Answer, Exchange } from './exchange.js';
import { withOpenApi } from './openapi-route.js';
import type { Route } from './router.js';
import { StaticFiles } from './static-files.js';

export interface HttpAppOptions extends Services {
  readonly log: Logger;
  /** Absolute path of the built console. */
  readonly consoleFolder: string;
}

/** Of the paths under /v1. */
const API_VERSION = '1';
const CLOSING_MS_MAX = 5000;

/** Connections that speak TLS to a plain port are reported this often at most. */
const TLS_REPORT_MS = 60_000;

/** The calls that this process answers. */
export function routesOf(services: Services): Route[] {
  const { roles } = services;
  const parts = [
    healthRoutes,
    pipelineRoutes,
    alertRoutes,
    ...(roles.has('gateway') ? [ingestRoutes] : []),
    ...(roles.has('control') ? [deviceRoutes, fleetRoutes, keyRoutes, ledgerRoutes, liveRoutes, readingRoutes, tenantRoutes] : []),
  ];
  return withOpenApi(
    parts.flatMap((part) => part(services)),
    API_VERSION,
  );
}

/** The calls, the console and the live views, whichever server parses and frames them. */
export class HttpApp {
  readonly views: LiveViews;
  readonly #dispatcher: Dispatcher;
  readonly #exposition: HttpAppOptions['exposition'];
  readonly #log: Logger;
  readonly #running = new Set<Promise<void>>();
  #closing = false;
  #tlsConnections = 0;
  #tlsReportedMs = Number.NEGATIVE_INFINITY;

  constructor(options: HttpAppOptions) {
    this.#exposition = options.exposition;
    this.#log = options.log;
    this.views = new LiveViews(options);
    this.#dispatcher = new Dispatcher({
      routes: routesOf(options),
      files: new StaticFiles(options.consoleFolder),
      exposition: options.exposition,
      log: options.log,
    });
  }

  take(exchange: Exchange): void {
    if (this.#closing) {
      exchange.respond(this.#dispatcher.failed(new ApiFailure('shutting_down', `answer ${exchange.head.method} ${exchange.head.path}`)));
      return;
    }
    const run = this.#dispatcher.dispatch(exchange).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** The answer to bytes that are no request, or to a request that no route may see; counted without a route. */
  reject(failure: ApiFailure): Answer {
    this.#exposition.observeRequest('other', 'other', failure.error.status, 0);
    return this.#dispatcher.failed(failure);
  }

  /** A client shook hands for TLS on this port, which has none. */
  tlsOnPlainPort(address: string | undefined): void {
    this.#tlsConnections++;
    const nowMs = performance.now();
    if (nowMs - this.#tlsReportedMs < TLS_REPORT_MS) return;
    this.#tlsReportedMs = nowMs;
    this.#log.warn({ address, connections: this.#tlsConnections }, 'tls-on-plain-port');
    this.#tlsConnections = 0;
  }

  /** Refuses what comes from now on and ends the live views; resolves when the running calls are answered, or are late. */
  async close(): Promise<void> {
    this.#closing = true;
    this.views.close();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, CLOSING_MS_MAX);
    });
    await Promise.race([Promise.all(this.#running), late]);
    clearTimeout(timer);
  }
}
