import type { Config } from './config.js';

/** A place in an object store with the S3 API. */
export interface CheckpointStore {
  /** `http(s)://host[:port]`, where buckets are parts of the path; absent: AWS. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  /** Before the names of objects, with no slash at either end; may be empty. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

// Characters that mean the same in a path, in a signature and in XML.
const storeUrl = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9._-]+)*)\/?$/;

/** `s3://bucket/prefix` in its parts; undefined: it is something else. */
export function parseStoreUrl(url: string): Pick<CheckpointStore, 'bucket' | 'prefix'> | undefined {
  const [, bucket, prefix] = storeUrl.exec(url) ?? [];
  return bucket === undefined || prefix === undefined ? undefined : { bucket, prefix: prefix.slice(1) };
}

/** Where the settings have checkpoints of this topic go as well: each topic has some of its own there, as in the folder. */
export function checkpointStoreOf(config: Config, topic: string | undefined): CheckpointStore | undefined {
  const { checkpointStoreAccessKeyId: accessKeyId, checkpointStoreSecretAccessKey: secretAccessKey } = config;
  const place = config.checkpointStore === undefined ? undefined : parseStoreUrl(config.checkpointStore);
  if (topic === undefined || !place || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const { checkpointStoreEndpoint: endpoint, checkpointStoreRegion: region } = config;
  const prefix = [place.prefix, topic].filter((part) => part !== '').join('/');
  return { endpoint, region, bucket: place.bucket, prefix, accessKeyId, secretAccessKey };
}

/** What the settings of the store say of each other and of the log. */
export function storeProblems(config: Readonly<Record<string, unknown>>): string[] {
  const problems: string[] = [];
  const needs = (name: string, because: string) => problems.push(`cannot use setting ${because} without ${name}`);
  const parts = [
    ['checkpointStoreEndpoint', 'checkpoint_store_endpoint'],
    ['checkpointStoreAccessKeyId', 'checkpoint_store_access_key_id'],
    ['checkpointStoreSecretAccessKey', 'checkpoint_store_secret_access_key'],
  ] as const;
  if (config.checkpointStore === undefined) {
    for (const [key, name] of parts) if (config[key] !== undefined) needs('checkpoint_store', name);
    return problems;
  }
  for (const [key, name] of parts.slice(1)) if (config[key] === undefined) needs(name, 'checkpoint_store');
  // A log of files goes with the folder of checkpoints beside it; one in the store would outlive the log that it belongs to.
  if (config.log !== 'kafka') needs('log = kafka', 'checkpoint_store');
  return problems;
}
