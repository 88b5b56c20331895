import type { Logger } from 'pino';
import { ApiFailure } from '../contract/api-errors.js';
import type { Exposition } from '../telemetry/exposition.js';
import { type Answer, answerOf, type Exchange, failed, json } from './exchange.js';
import { explainFault } from './fault.js';
import { type Match, type Route, Router } from './router.js';
import type { StaticFiles } from './static-files.js';

/** What a request that the client gave up counts as. */
const STATUS_ABORTED = 499;

export interface DispatcherOptions {
  readonly routes: readonly Route[];
  readonly files: StaticFiles;
  readonly exposition: Pick<Exposition, 'observeRequest'>;
  readonly log: Logger;
}

/** Takes each request to its route and each result to its client; whatever happens, there is one answer. */
export class Dispatcher {
  readonly #router: Router;
  readonly #files: StaticFiles;
  readonly #exposition: DispatcherOptions['exposition'];
  readonly #log: Logger;

  constructor({ routes, files, exposition, log }: DispatcherOptions) {
    this.#router = new Router(routes);
    this.#files = files;
    this.#exposition = exposition;
    this.#log = log;
  }

  /** Resolves when the exchange is over; never rejects. */
  async dispatch(exchange: Exchange): Promise<void> {
    const startMs = performance.now();
    const { head } = exchange;
    const match = this.#router.match(head.method, head.path);
    let answer: Answer;
    try {
      answer = match.kind === 'route' ? await this.#call(exchange, match.route, match.params) : this.#withoutRoute(exchange, match);
    } catch (error) {
      const failure = explainFault(error, `answer ${head.method} ${head.path}`);
      // An outage of the database has an event of its own, and none of these calls is at fault.
      if (failure.error.code === 'internal') this.#log.error({ err: error, method: head.method, path: head.path }, 'http call failed');
      answer = failed(failure);
    }
    const status = exchange.aborted ? STATUS_ABORTED : answer.status;
    if (!exchange.aborted) exchange.respond(answer);
    this.#exposition.observeRequest(methodLabel(head.method), routeLabel(match), status, (performance.now() - startMs) / 1000);
  }

  async #call(exchange: Exchange, route: Route, params: readonly string[]): Promise<Answer> {
    const { head } = exchange;
    const refusal = route.admit?.(head, params);
    if (refusal) return failed(refusal);
    if (!route.body) return answerOf(await route.handle({ ...head, params, body: new Uint8Array() }));
    const attempt = `read the body of ${head.method} ${head.path}`;
    const refuse = (failure: ApiFailure) => {
      route.refused?.(failure, head, params);
      return failed(failure);
    };
    if (!/^(identity)?$/i.test(head.contentEncoding)) return refuse(new ApiFailure('encoding_unsupported', attempt));
    const { bytesMax, oversize } = route.body;
    const body = await exchange.readBody(bytesMax);
    if (body === 'oversize') return refuse(new ApiFailure(oversize, attempt, `it is larger than ${bytesMax} bytes`));
    if (body === 'aborted') return json(STATUS_ABORTED, {});
    return answerOf(await route.handle({ ...head, params, body }));
  }

  #withoutRoute({ head }: Exchange, match: Exclude<Match, { kind: 'route' }>): Answer {
    const attempt = `answer ${head.method} ${head.path}`;
    if (match.kind === 'malformed') return failed(new ApiFailure('path_malformed', attempt));
    if (match.kind === 'method') {
      const allow = ['allow', match.allow] as const;
      return head.method === 'OPTIONS'
        ? { status: 204, headers: [allow], body: '' }
        : failed(new ApiFailure('method_not_allowed', attempt), allow);
    }
    return this.#files.answer(head) ?? failed(new ApiFailure('not_found', attempt));
  }
}

/** Labels have few values, whatever clients send. */
function methodLabel(method: string): string {
  return /^(GET|HEAD|POST|PATCH|PUT|DELETE|OPTIONS)$/.test(method) ? method : 'other';
}

function routeLabel(match: Match): string {
  if (match.kind === 'route') return match.route.pattern;
  return match.kind === 'method' ? match.pattern : 'other';
}
