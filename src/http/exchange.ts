import type { ApiFailure } from '../contract/api-errors.js';

/** The head of a request, copied out of the server: it stays valid over awaits. */
export interface RequestHead {
  /** Upper case. */
  readonly method: string;
  /** As it came, percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  readonly acceptEncoding: string;
  readonly ifNoneMatch: string;
  /** This header and the next four are '' when the request lacks them. */
  readonly contentLength: string;
  readonly contentEncoding: string;
  readonly contentType: string;
  readonly tenantHeader: string;
  readonly idempotencyKey: string;
  /** Of the client. */
  readonly address: string;
}

/** Where a server has the parts of a head. */
export interface HeadSource {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly address: string;
  /** '' when the header is absent. */
  header(name: string): string;
}

export function requestHead({ method, path, query, address, header }: HeadSource): RequestHead {
  return {
    method: method.toUpperCase(),
    path,
    query: new URLSearchParams(query),
    authorization: header('authorization'),
    acceptEncoding: header('accept-encoding'),
    ifNoneMatch: header('if-none-match'),
    contentLength: header('content-length'),
    contentEncoding: header('content-encoding'),
    contentType: header('content-type'),
    tenantHeader: header('x-tenant'),
    idempotencyKey: header('idempotency-key'),
    address,
  };
}

export interface Request extends RequestHead {
  /** Decoded values of the `:name` parts of the route's pattern, in order. */
  readonly params: readonly string[];
  /** Owns its buffer, so it can be handed to a thread. */
  readonly body: Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Uint8Array;
}

/** One request and its answer, as the server offers them. */
export interface Exchange {
  readonly head: RequestHead;
  /** The client is gone: an answer would go nowhere. */
  readonly aborted: boolean;
  /** To be called before the first await, or the body is thrown away. */
  readBody(bytesMax: number): Promise<Uint8Array | 'oversize' | 'aborted'>;
  /** The client has shown a valid key or token: its connection no longer counts among those that have not. */
  trust(): void;
  respond(answer: Answer): void;
}

const JSON_HEADERS = [
  ['content-type', 'application/json; charset=utf-8'],
  ['cache-control', 'no-store'],
  ['x-content-type-options', 'nosniff'],
] as const;

export function json(status: number, value: unknown): Answer {
  return { status, headers: JSON_HEADERS, body: JSON.stringify(value) };
}

export function failed(failure: ApiFailure, ...headers: (readonly [string, string])[]): Answer {
  const { status } = failure.error;
  const all: (readonly [string, string])[] = [...JSON_HEADERS, ...headers];
  if (status === 401) all.push(['www-authenticate', 'Bearer realm="spillway"']);
  return { status, headers: all, body: JSON.stringify(failure) };
}
