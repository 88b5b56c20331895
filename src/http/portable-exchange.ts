import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyReader } from './body-reader.js';
import { type Answer, type Exchange, type RequestHead, requestHead } from './exchange.js';

/** One request of node:http. */
export class PortableExchange implements Exchange {
  readonly head: RequestHead;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #isLast: () => boolean;
  #body: BodyReader | undefined;
  #aborted = false;
  #ended = false;

  /** `isLast` tells at the time of the answer whether the connection ends with it. */
  constructor(request: IncomingMessage, response: ServerResponse, isLast: () => boolean) {
    this.head = headOf(request);
    this.#request = request;
    this.#response = response;
    this.#isLast = isLast;
    response.on('error', () => {}); // The connection broke: its close event says so too.
    response.on('close', () => {
      if (this.#ended) return;
      this.#aborted = true;
      this.#body?.abort();
    });
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  readBody(bytesMax: number): Promise<Uint8Array | 'oversize' | 'aborted'> {
    // What is too large is answered at once; node:http reads on and throws away the rest.
    if (Number(this.head.contentLength) > bytesMax) return Promise.resolve('oversize');
    const body = new BodyReader(bytesMax);
    this.#body = body;
    this.#request.on('data', (chunk: Buffer) => body.add(chunk));
    this.#request.on('end', () => body.end());
    return body.result;
  }

  respond({ status, headers, body }: Answer): void {
    if (this.#aborted || this.#ended) return;
    this.#ended = true;
    for (const [name, value] of headers) this.#response.setHeader(name, value);
    if (this.#isLast()) this.#response.setHeader('connection', 'close');
    const isBodiless = status === 204 || status === 304;
    if (!isBodiless) this.#response.setHeader('content-length', Buffer.byteLength(body));
    this.#response.writeHead(status);
    if (isBodiless || this.head.method === 'HEAD') this.#response.end();
    else this.#response.end(body);
  }
}

/** As it came, without the query. */
export function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0]!;
}

function headOf(request: IncomingMessage): RequestHead {
  const { method = '', url = '', headers } = request;
  const path = pathOf(request);
  return requestHead({ method, path, query: url.slice(path.length + 1), header: (name) => String(headers[name] ?? '') });
}
