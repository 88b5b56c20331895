import type { Logger } from 'pino';
import { ApiFailure } from '../contract/api-errors.js';
import type { Call } from './caller.js';
import { Dispatcher } from './dispatcher.js';
import type { Answer, Exchange } from './exchange.js';
import { withOpenApi } from './openapi-route.js';
import type { RequestMetrics } from './request-metrics.js';
import type { Route } from './router.js';
import { StaticFiles } from './static-files.js';
import type { WebSocketApp } from './web-socket.js';

export interface HttpAppOptions {
  /** The calls that this process answers. */
  readonly routes: readonly Route[];
  readonly sockets: WebSocketApp;
  /** Notes a change of an operator that its call has not noted itself. Never rejects. */
  readonly changed?: ((call: Call) => Promise<void>) | undefined;
  readonly metrics: RequestMetrics;
  readonly log: Logger;
  /** Absolute path of the built console. */
  readonly consoleFolder: string;
}

/** Of the paths under /v1. */
const API_VERSION = '1';
const CLOSING_MS_MAX = 5000;

/** Connections that speak TLS to a plain port are reported this often at most. */
const TLS_REPORT_MS = 60_000;

/** The calls, the console and the WebSockets, whichever server parses and frames them. */
export class HttpApp {
  readonly sockets: WebSocketApp;
  readonly #dispatcher: Dispatcher;
  readonly #metrics: RequestMetrics;
  readonly #log: Logger;
  readonly #running = new Set<Promise<void>>();
  #closing = false;
  #tlsConnections = 0;
  #tlsReportedMs = Number.NEGATIVE_INFINITY;

  constructor(options: HttpAppOptions) {
    this.#metrics = options.metrics;
    this.#log = options.log;
    this.sockets = options.sockets;
    this.#dispatcher = new Dispatcher({
      routes: withOpenApi(options.routes, API_VERSION),
      files: new StaticFiles(options.consoleFolder),
      metrics: options.metrics,
      log: options.log,
      changed: options.changed,
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
    this.#metrics.observe('other', 'other', failure.error.status, 0);
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

  /** Refuses what comes from now on and ends the WebSockets; resolves when the running calls are answered, or are late. */
  async close(): Promise<void> {
    this.#closing = true;
    this.sockets.close();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, CLOSING_MS_MAX);
    });
    await Promise.race([Promise.all(this.#running), late]);
    clearTimeout(timer);
  }
}
