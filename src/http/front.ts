import type { Logger } from 'pino';
import { ApiFailure } from '../contract/api-errors.js';
import { Dispatcher } from './dispatcher.js';
import { type Exchange, failed } from './exchange.js';
import { LiveViews } from './live-views.js';
import { alertRoutes } from './routes/alerts.js';
import { deviceRoutes } from './routes/devices.js';
import { fleetRoutes } from './routes/fleet.js';
import { healthRoutes } from './routes/health.js';
import { ingestRoutes } from './routes/ingest.js';
import { ledgerRoutes } from './routes/ledger.js';
import { liveRoutes } from './routes/live.js';
import { pipelineRoutes } from './routes/pipeline.js';
import { readingRoutes } from './routes/readings.js';
import type { Services } from './services.js';
import { Site } from './site.js';

export interface FrontOptions extends Services {
  readonly log: Logger;
  /** Absolute path of the built console. */
  readonly consoleFolder: string;
}

const CLOSING_MS_MAX = 5000;

/** What is behind every HTTP server: the calls, the console and the live views; it knows no sockets. */
export class Front {
  readonly views: LiveViews;
  readonly #dispatcher: Dispatcher;
  readonly #running = new Set<Promise<void>>();
  #closing = false;

  constructor(options: FrontOptions) {
    const { roles } = options;
    const routes = [
      healthRoutes,
      pipelineRoutes,
      alertRoutes,
      ...(roles.has('gateway') ? [ingestRoutes] : []),
      ...(roles.has('control') ? [deviceRoutes, fleetRoutes, ledgerRoutes, liveRoutes, readingRoutes] : []),
    ];
    this.views = new LiveViews(options);
    this.#dispatcher = new Dispatcher({
      routes: routes.flatMap((routesOf) => routesOf(options)),
      site: new Site(options.consoleFolder),
      exposition: options.exposition,
      log: options.log,
    });
  }

  take(exchange: Exchange): void {
    if (this.#closing) {
      exchange.respond(failed(new ApiFailure('shutting_down', `answer ${exchange.head.method} ${exchange.head.path}`)));
      return;
    }
    const run = this.#dispatcher.dispatch(exchange).finally(() => this.#running.delete(run));
    this.#running.add(run);
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
