import type { ApiCode, ApiFailure } from '../contract/api-errors.js';
import type { Answer, Request, RequestHead } from './exchange.js';
import type { RouteDoc } from './route-doc.js';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/v1/devices/:id`: a part with a colon takes any one part of the path. */
  readonly pattern: string;
  readonly doc: RouteDoc;
  /** Absent: the call has no body, and what comes is thrown away. */
  readonly body?: BodyRules;
  /** Judges the head, before a byte of the body is kept. */
  admit?(head: RequestHead, params: readonly string[]): ApiFailure | undefined;
  /** Hears of a call that was admitted and is refused for its body, which nobody reads. */
  refused?(failure: ApiFailure, head: RequestHead, params: readonly string[]): void;
  /** A failure as the clients of the call read it; absent: as every other. */
  describe?(failure: ApiFailure, head: RequestHead): Described;
  handle(request: Request): Answer | ApiFailure | Promise<Answer | ApiFailure>;
}

/** The body of an answer and its media type. */
export interface Described {
  readonly type: string;
  readonly body: string | Uint8Array;
}

export interface BodyRules {
  readonly bytesMax: number;
  readonly oversize: ApiCode;
  /** Media types that are read, in lower case; absent: the header says nothing that counts. A body without a type is read. */
  readonly types?: readonly string[];
}

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly params: readonly string[] }
  | { readonly kind: 'method'; readonly pattern: string; readonly allow: string }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'none' };

interface Pattern {
  readonly parts: readonly string[];
  readonly pattern: string;
  readonly routes: Map<string, Route>;
}

/** Finds the route of a path. Fixed parts win over `:name` parts, whatever the order they were added in. */
export class Router {
  readonly #byLength = new Map<number, Pattern[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route);
  }

  match(method: string, path: string): Match {
    const raw = path.split('/');
    const fitting = this.#byLength.get(raw.length)?.filter(({ parts }) => fits(parts, raw)) ?? [];
    // HEAD is GET without the body, RFC 9110 §9.3.2.
    const asked = method === 'HEAD' ? 'GET' : method;
    // A device may be called "bulk": where the fixed path has not the method, the pattern has its chance.
    const found = fitting.find(({ routes }) => routes.has(asked));
    if (!found) return fitting[0] ? { kind: 'method', pattern: fitting[0].pattern, allow: allowed(fitting) } : { kind: 'none' };
    const params: string[] = [];
    for (const [index, part] of found.parts.entries()) {
      if (!part.startsWith(':')) continue;
      const value = decodePart(raw[index]!);
      if (value === undefined) return { kind: 'malformed' };
      params.push(value);
    }
    return { kind: 'route', route: found.routes.get(asked)!, params };
  }

  #add(route: Route): void {
    const parts = route.pattern.split('/');
    const patterns = this.#byLength.get(parts.length) ?? [];
    this.#byLength.set(parts.length, patterns);
    const known = patterns.find(({ pattern }) => pattern === route.pattern);
    if (known) {
      if (known.routes.has(route.method)) throw new Error(`two routes answer ${route.method} ${route.pattern}`);
      known.routes.set(route.method, route);
      return;
    }
    patterns.push({ parts, pattern: route.pattern, routes: new Map([[route.method, route]]) });
    patterns.sort((a, b) => variables(a) - variables(b));
  }
}

function variables({ parts }: Pattern): number {
  return parts.filter((part) => part.startsWith(':')).length;
}

function fits(parts: readonly string[], raw: readonly string[]): boolean {
  return parts.every((part, index) => part.startsWith(':') || part === raw[index]);
}

function allowed(patterns: readonly Pattern[]): string {
  const methods = new Set(patterns.flatMap(({ routes }) => [...routes.keys()]));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods, 'OPTIONS'].join(', ');
}

function decodePart(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
