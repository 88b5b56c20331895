import type { Logger } from 'pino';
import { ApiFailure } from '../contract/api-errors.js';
import { type Call, currentCall, inCall } from './caller.js';
import { decodeContent, ENCODINGS, isKnownEncoding } from './content-decoding.js';
import { type Answer, type Exchange, failed, json, type RequestHead } from './exchange.js';
import { explainFault } from './fault.js';
import type { RequestMetrics } from './request-metrics.js';
import { RetryAdvice } from './retry-advice.js';
import { isOperatorsCall, rightsProblem } from './rights.js';
import { type BodyRules, type Match, type Route, Router } from './router.js';
import type { StaticFiles } from './static-files.js';

/** What a request that the client gave up counts as. */
const STATUS_ABORTED = 499;

export interface DispatcherOptions {
  readonly routes: readonly Route[];
  readonly files: StaticFiles;
  readonly metrics: Pick<RequestMetrics, 'observe'>;
  readonly log: Logger;
  /** Notes a change that the call has not noted itself. Never rejects. */
  readonly changed?: ((call: Call) => Promise<void>) | undefined;
}

/** Takes each request to its route and each result to its client; whatever happens, there is one answer. */
export class Dispatcher {
  readonly #router: Router;
  readonly #files: StaticFiles;
  readonly #metrics: DispatcherOptions['metrics'];
  readonly #log: Logger;
  readonly #changed: (call: Call) => Promise<void>;
  readonly #advice = new RetryAdvice();

  constructor({ routes, files, metrics, log, changed = async () => {} }: DispatcherOptions) {
    this.#router = new Router(routes);
    this.#files = files;
    this.#metrics = metrics;
    this.#log = log;
    this.#changed = changed;
  }

  /** Resolves when the exchange is over; never rejects. */
  async dispatch(exchange: Exchange): Promise<void> {
    const startMs = performance.now();
    const { head } = exchange;
    const match = this.#router.match(head.method, head.path);
    let answer: Answer;
    try {
      answer = match.kind === 'route' ? await this.#answerRoute(exchange, match.route, match.params) : this.#withoutRoute(exchange, match);
    } catch (error) {
      const failure = explainFault(error, `answer ${head.method} ${head.path}`);
      // An outage of the database has an event of its own, and none of these calls is at fault.
      if (failure.error.code === 'internal') this.#log.error({ err: error, method: head.method, path: head.path }, 'http call failed');
      answer = match.kind === 'route' ? this.#refused(match.route, head, failure) : this.failed(failure);
    }
    const status = exchange.aborted ? STATUS_ABORTED : answer.status;
    if (!exchange.aborted) exchange.respond(answer);
    this.#metrics.observe(methodLabel(head.method), routeLabel(match), status, (performance.now() - startMs) / 1000);
  }

  /** Calls of operators know who makes them, wherever they lead; what they change is in the audit log. */
  async #answerRoute(exchange: Exchange, route: Route, params: readonly string[]): Promise<Answer> {
    if (!isOperatorsCall(route.doc)) return this.#call(exchange, route, params);
    const { method, path, address } = exchange.head;
    const call: Call = { method, pattern: route.pattern, path, address, principal: undefined, isRecorded: false };
    const answer = await inCall(call, () => this.#call(exchange, route, params));
    if (route.method !== 'GET' && answer.status < 300 && call.principal && !call.isRecorded) await this.#changed(call);
    return answer;
  }

  async #call(exchange: Exchange, route: Route, params: readonly string[]): Promise<Answer> {
    const { head } = exchange;
    const attempt = `answer ${head.method} ${head.path}`;
    const refusal = route.admit?.(head, params) ?? rightsProblem(route.doc, currentCall()?.principal, attempt);
    if (refusal) return this.#refused(route, head, refusal);
    if (route.admit) exchange.trust();
    const answerOf = (result: Answer | ApiFailure) => (result instanceof ApiFailure ? this.#refused(route, head, result) : result);
    if (!route.body) return answerOf(await route.handle({ ...head, params, body: new Uint8Array() }));
    const reading = `read the body of ${head.method} ${head.path}`;
    const refuse = (failure: ApiFailure, ...headers: (readonly [string, string])[]) => {
      route.refused?.(failure, head, params);
      return this.#refused(route, head, failure, ...headers);
    };
    // RFC 9110 §15.5.16: what could have been sent.
    if (!isKnownEncoding(head.contentEncoding)) {
      return refuse(new ApiFailure('encoding_unsupported', reading), ['accept-encoding', ENCODINGS]);
    }
    const types = unreadType(head, route.body);
    if (types) return refuse(new ApiFailure('content_type_unsupported', reading), ['accept', types.join(', ')]);
    const { bytesMax, oversize } = route.body;
    const sent = await exchange.readBody(bytesMax);
    if (sent === 'aborted') return json(STATUS_ABORTED, {});
    const body = sent === 'oversize' ? sent : await decodeContent(head.contentEncoding, sent, bytesMax);
    if (body === 'oversize') return refuse(new ApiFailure(oversize, reading, `it is larger than ${bytesMax} bytes`));
    if (body === 'malformed') return refuse(new ApiFailure('encoding_malformed', reading));
    return answerOf(await route.handle({ ...head, params, body }));
  }

  /** The answer to a call that is refused. */
  failed(failure: ApiFailure, ...headers: (readonly [string, string])[]): Answer {
    const seconds = this.#advice.seconds(failure);
    return failed(failure, ...headers, ...(seconds === undefined ? [] : [['retry-after', String(seconds)] as const]));
  }

  /** As `failed`, in the words of the route's clients. */
  #refused(route: Route, head: RequestHead, failure: ApiFailure, ...headers: (readonly [string, string])[]): Answer {
    const answer = this.failed(failure, ...headers);
    const described = route.describe?.(failure, head);
    if (!described) return answer;
    const others = answer.headers.filter(([name]) => name !== 'content-type');
    return { ...answer, headers: [...others, ['content-type', described.type]], body: described.body };
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

/** The types that would be read, where the one that was sent is not among them. */
function unreadType({ contentType }: RequestHead, { types }: BodyRules): readonly string[] | undefined {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
  return types === undefined || type === '' || types.includes(type) ? undefined : types;
}

/** Labels have few values, whatever clients send. */
function methodLabel(method: string): string {
  return /^(GET|HEAD|POST|PATCH|PUT|DELETE|OPTIONS)$/.test(method) ? method : 'other';
}

function routeLabel(match: Match): string {
  if (match.kind === 'route') return match.route.pattern;
  return match.kind === 'method' ? match.pattern : 'other';
}
