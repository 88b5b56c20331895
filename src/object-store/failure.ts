/** Why the object store did not do what it was asked, and what an operator can do about it. */
export const storeFailures = {
  checkpoint_store_unreachable: 'check SPILLWAY_CHECKPOINT_STORE_ENDPOINT and the network between here and there',
  checkpoint_store_silent: 'check the load of the object store and the network between here and there',
  checkpoint_store_cut_off: 'check what lies between here and the object store: it ended an answer too early',
  checkpoint_store_denied:
    'check SPILLWAY_CHECKPOINT_STORE_ACCESS_KEY_ID, its secret and the clock; it has to be allowed to list the bucket, and to get, put and delete objects',
  checkpoint_store_bucket_missing: 'make the bucket, or correct SPILLWAY_CHECKPOINT_STORE',
  checkpoint_store_moved: 'set SPILLWAY_CHECKPOINT_STORE_REGION and SPILLWAY_CHECKPOINT_STORE_ENDPOINT to where the bucket is',
  checkpoint_store_failing: 'wait for the object store, or look into its log',
  checkpoint_store_refused: 'the message has what the object store says of it',
  checkpoint_store_foreign: 'what answers is no S3 API: check SPILLWAY_CHECKPOINT_STORE_ENDPOINT',
} as const;

export type StoreFailureCode = keyof typeof storeFailures;

/** An expected failure: answered, not thrown. */
export class StoreFailure {
  readonly code: StoreFailureCode;
  readonly message: string;

  constructor(code: StoreFailureCode, message: string) {
    this.code = code;
    this.message = message;
  }

  get fields(): { readonly code: string; readonly message: string; readonly wayOut: string } {
    return { code: this.code, message: this.message, wayOut: storeFailures[this.code] };
  }

  /** Whether the next request would wait for the same. */
  get isAway(): boolean {
    return this.code !== 'checkpoint_store_refused';
  }
}

/** What an answer other than 2xx stands for; `body` is the XML that S3 says it with. */
export function refusalOf(what: string, status: number, body: string): StoreFailure {
  const said = [element(body, 'Code'), element(body, 'Message')].filter((part) => part !== undefined).join(': ');
  const message = `cannot ${what}: status ${status}${said === '' ? '' : `, ${said}`}`;
  if (status === 401 || status === 403) return new StoreFailure('checkpoint_store_denied', message);
  if (status === 404 && element(body, 'Code') === 'NoSuchBucket') return new StoreFailure('checkpoint_store_bucket_missing', message);
  if (status >= 300 && status < 400) return new StoreFailure('checkpoint_store_moved', message);
  if (status >= 500 || status === 429) return new StoreFailure('checkpoint_store_failing', message);
  return new StoreFailure('checkpoint_store_refused', message);
}

function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]{1,500})</${name}>`).exec(xml)?.[1];
}
