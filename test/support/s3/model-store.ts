import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { CheckpointStore } from '../../../src/contract/checkpoint-store.js';

/** Answers in place of the store; false: the store answers itself. */
type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/** The part of S3 that is used, in memory and without signatures, with a fault in front of it. */
export class ModelStore {
  readonly objects = new Map<string, Buffer>();
  /** Method and key of every request, in order. */
  readonly requests: string[] = [];
  fault: Fault = () => false;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #port = 0;

  static async start(): Promise<ModelStore> {
    const store = new ModelStore();
    store.#server.listen(0, '127.0.0.1');
    await once(store.#server, 'listening');
    store.#port = (store.#server.address() as { port: number }).port;
    return store;
  }

  get place(): CheckpointStore {
    const keys = { accessKeyId: 'id', secretAccessKey: 'secret' };
    return { endpoint: `http://127.0.0.1:${this.#port}`, region: 'us-east-1', bucket: 'bucket', prefix: 'deployment/topic', ...keys };
  }

  /** Keys below the prefix, in order. */
  get names(): string[] {
    return [...this.objects.keys()].sort().map((key) => key.slice('deployment/topic/'.length));
  }

  lay(name: string, bytes: Uint8Array): void {
    this.objects.set(`deployment/topic/${name}`, Buffer.from(bytes));
  }

  /** Empty, and without a fault. */
  reset(): void {
    this.objects.clear();
    this.requests.length = 0;
    this.fault = () => false;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://store');
    const key = url.pathname.slice('/bucket/'.length);
    this.requests.push(`${request.method} ${key}`);
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk);
    if (this.fault(request, response)) return;
    if (request.method === 'PUT') this.objects.set(key, Buffer.concat(body));
    if (request.method === 'DELETE') this.objects.delete(key);
    if (request.method !== 'GET') response.end();
    else if (key === '') response.end(this.#list(url.searchParams));
    else if (this.objects.has(key)) response.end(this.objects.get(key));
    else response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
  }

  /** Two objects a page. */
  #list(query: URLSearchParams): string {
    const keys = [...this.objects.keys()].sort().filter((key) => key.startsWith(query.get('prefix') ?? ''));
    const from = Number(query.get('continuation-token') ?? 0);
    const contents = keys
      .slice(from, from + 2)
      .map((key) => `<Contents><Key>${key}</Key><LastModified>${new Date().toISOString()}</LastModified></Contents>`);
    const more = from + 2 < keys.length;
    const next = more ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : '';
    return `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`;
  }
}
