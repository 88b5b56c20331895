import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyReader } from './body-reader.js';
import { type Answer, type Exchange, type RequestHead, requestHead } from './exchange.js';

/** One request of node:http. */
export class NodeExchange implements Exchange {
  readonly head: RequestHead;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #isLast: () => boolean;
  readonly trust: () => void;
  #body: BodyReader | undefined;
  #aborted = false;
  #answered = false;

  /** `isLast` says at the time of the answer whether the connection ends with it. */
  constructor(request: IncomingMessage, response: ServerResponse, isLast: () => boolean, trust: () => void) {
    this.head = headOf(request);
    this.#request = request;
    this.#response = response;
    this.#isLast = isLast;
    this.trust = trust;
    response.on('error', () => {}); // The connection broke: its close event says so too.
    response.on('close', () => {
      if (!this.#answered) this.#abort();
    });
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get isAnswered(): boolean {
    return this.#answered;
  }

  /** The request has been read to its end. */
  get isWhole(): boolean {
    return this.#request.complete;
  }

  /** The answer is out, or the connection is gone. */
  get isSent(): boolean {
    return this.#response.writableFinished || this.#response.closed;
  }

  onSent(run: () => void): void {
    this.#response.once('close', run);
  }

  readBody(bytesMax: number): Promise<Uint8Array | 'oversize' | 'aborted'> {
    // What is too large is answered at once; node:http reads the rest and throws it away.
    if (Number(this.head.contentLength) > bytesMax) return Promise.resolve('oversize');
    const body = new BodyReader(bytesMax);
    this.#body = body;
    this.#request.on('data', (chunk: Buffer) => body.add(chunk));
    this.#request.on('end', () => body.end());
    return body.result;
  }

  /** With `close` the connection ends with this answer, and whoever still waits for the body learns that there is none. */
  respond({ status, headers, body }: Answer, connection?: 'close'): void {
    if (this.#aborted || this.#answered) return;
    this.#answered = true;
    for (const [name, value] of headers) this.#response.setHeader(name, value);
    if (connection === 'close' || this.#isLast()) this.#response.setHeader('connection', 'close');
    const isBodiless = status === 204 || status === 304;
    if (!isBodiless) this.#response.setHeader('content-length', Buffer.byteLength(body));
    this.#response.writeHead(status);
    if (isBodiless || this.head.method === 'HEAD') this.#response.end();
    else this.#response.end(body);
    if (connection === 'close') this.#abort();
  }

  #abort(): void {
    this.#aborted = true;
    this.#body?.abort();
  }
}

/** As it was sent, without the query. A proxy's absolute form means the same as the path in it, RFC 9112 §3.2.2. */
export function pathOf({ url = '' }: IncomingMessage): string {
  return targetOf(url).split('?', 1)[0]!;
}

function targetOf(url: string): string {
  if (url.startsWith('/')) return url;
  const origin = /^https?:\/\/[^/?#]*/i.exec(url);
  if (!origin) return url;
  const target = url.slice(origin[0].length);
  return target.startsWith('/') ? target : `/${target}`;
}

function headOf(request: IncomingMessage): RequestHead {
  const { method = '', url = '', headers, socket } = request;
  const target = targetOf(url);
  const path = target.split('?', 1)[0]!;
  const query = target.slice(path.length + 1);
  return requestHead({ method, path, query, address: socket.remoteAddress ?? '', header: (name) => String(headers[name] ?? '') });
}
