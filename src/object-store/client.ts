import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import type { CheckpointStore } from '../contract/checkpoint-store.js';
import { refusalOf, StoreFailure } from './failure.js';
import { parseListing, type StoredObject } from './listing.js';

/** How long an answer may be without a next byte, ms. */
const SILENCE_MS_MAX = 3000;
/** What a slow upload may take: this and one second for each MiB. */
const PUT_MS_MAX = 15_000;
const PUT_BYTES_PER_MS_MIN = 1024;
const LISTING_BYTES_MAX = 8 * 1024 * 1024;
const REFUSAL_BYTES_MAX = 64 * 1024;
/** S3 lists 1,000 objects a page; a prefix with more pages than this holds other things than checkpoints. */
const PAGES_MAX = 20;

interface Request {
  readonly what: string;
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly answerBytesMax: number;
  readonly firstByteMsMax: number;
  readonly signal?: AbortSignal | undefined;
}

/** Objects below one prefix of a bucket. Every call answers its result or a StoreFailure, and throws nothing. */
export class ObjectStore {
  readonly #place: CheckpointStore;
  readonly #base: string;
  readonly #silenceMsMax: number;

  constructor(place: CheckpointStore, silenceMsMax: number = SILENCE_MS_MAX) {
    this.#place = place;
    this.#silenceMsMax = silenceMsMax;
    const { endpoint, bucket, region } = place;
    // A bucket's name with a dot is under no certificate of AWS.
    const isHost = endpoint === undefined && !bucket.includes('.');
    const origin = (endpoint ?? `https://${isHost ? `${bucket}.` : ''}s3.${region}.amazonaws.com`).replace(/\/$/, '');
    this.#base = isHost ? origin : `${origin}/${bucket}`;
  }

  /** All objects whose key begins with `start`. */
  async list(start: string, signal?: AbortSignal): Promise<StoredObject[] | StoreFailure> {
    const objects: StoredObject[] = [];
    const prefix = this.#full(start);
    let next: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const query = { 'list-type': '2', prefix, ...(next === undefined ? {} : { 'continuation-token': next }) };
      const what = `list ${this.#shown(start)}`;
      const limits = { answerBytesMax: LISTING_BYTES_MAX, firstByteMsMax: this.#silenceMsMax };
      const answer = await this.#ask({ what, method: 'GET', key: '', query, ...limits, signal });
      if (answer instanceof StoreFailure) return answer;
      const listing = parseListing(answer.toString('utf8'));
      if (!listing) return new StoreFailure('checkpoint_store_foreign', `cannot ${what}: the answer is no listing`);
      const own = listing.objects.filter(({ key }) => key.startsWith(prefix));
      objects.push(...own.map(({ key, modifiedMs }) => ({ key: start + key.slice(prefix.length), modifiedMs })));
      next = listing.next;
      if (next === undefined) return objects;
    }
    return new StoreFailure('checkpoint_store_foreign', `cannot list ${this.#shown(start)}: there are too many objects`);
  }

  get(key: string, bytesMax: number, signal?: AbortSignal): Promise<Uint8Array | StoreFailure> {
    const what = `get ${this.#shown(key)}`;
    return this.#ask({ what, method: 'GET', key: this.#full(key), answerBytesMax: bytesMax, firstByteMsMax: this.#silenceMsMax, signal });
  }

  /** The object is there whole, or it is not there. */
  async put(key: string, body: Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<StoreFailure | undefined> {
    const firstByteMsMax = PUT_MS_MAX + body.length / PUT_BYTES_PER_MS_MIN;
    const limits = { answerBytesMax: REFUSAL_BYTES_MAX, firstByteMsMax };
    const answer = await this.#ask({ what: `put ${this.#shown(key)}`, method: 'PUT', key: this.#full(key), body, ...limits, signal });
    return answer instanceof StoreFailure ? answer : undefined;
  }

  /** One that is not there is removed as well. */
  async remove(key: string, signal?: AbortSignal): Promise<StoreFailure | undefined> {
    const limits = { answerBytesMax: REFUSAL_BYTES_MAX, firstByteMsMax: this.#silenceMsMax };
    const answer = await this.#ask({ what: `delete ${this.#shown(key)}`, method: 'DELETE', key: this.#full(key), ...limits, signal });
    return answer instanceof StoreFailure ? answer : undefined;
  }

  #full(key: string): string {
    return this.#place.prefix === '' ? key : `${this.#place.prefix}/${key}`;
  }

  #shown(key: string): string {
    return `s3://${this.#place.bucket}/${this.#full(key)}`;
  }

  async #ask(request: Request): Promise<Buffer | StoreFailure> {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), request.firstByteMsMax);
    let hasBegun = false;
    try {
      const response = await this.#send(request, request.signal ? AbortSignal.any([silence.signal, request.signal]) : silence.signal);
      hasBegun = true;
      const body = await readBody(response, response.ok ? request.answerBytesMax : REFUSAL_BYTES_MAX, () => timer.refresh());
      if (body === 'oversize' && response.ok)
        return new StoreFailure('checkpoint_store_foreign', `cannot ${request.what}: it is larger than a checkpoint can be`);
      const bytes = body === 'oversize' ? Buffer.alloc(0) : body;
      return response.ok ? bytes : refusalOf(request.what, response.status, bytes.toString('utf8'));
    } catch (error) {
      if (silence.signal.aborted || request.signal?.aborted)
        return new StoreFailure('checkpoint_store_silent', `cannot ${request.what}: no answer in time`);
      // fetch says with a TypeError what the network did, and its cause says it in more words.
      if (!(error instanceof TypeError)) throw error;
      const cause = error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
      return new StoreFailure(hasBegun ? 'checkpoint_store_cut_off' : 'checkpoint_store_unreachable', `cannot ${request.what}: ${cause}`);
    } finally {
      clearTimeout(timer);
    }
  }

  async #send({ method, key, query = {}, body }: Request, signal: AbortSignal): Promise<Response> {
    const { region, accessKeyId, secretAccessKey } = this.#place;
    const url = new URL(`${this.#base}/${key}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    // The store refuses a body that does not have this hash: what is there is what was sent.
    const sha256 = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    const signer = new AwsV4Signer({
      ...{ url: url.href, method, region, accessKeyId, secretAccessKey, service: 's3' },
      headers: { 'x-amz-content-sha256': sha256, ...(body ? { 'content-type': 'application/octet-stream' } : {}) },
    });
    const signed = await signer.sign();
    return fetch(signed.url, { method, headers: signed.headers, ...(body ? { body } : {}), redirect: 'manual', signal });
  }
}

async function readBody(response: Response, bytesMax: number, progressed: () => void): Promise<Buffer | 'oversize'> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    progressed();
    bytes += chunk.length;
    if (bytes > bytesMax) return 'oversize';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
