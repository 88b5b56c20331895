import type { CheckpointStore } from '../../contract/checkpoint-store.js';
import type { Config } from '../../contract/config.js';
import { between, type Setting, setting, text } from '../setting.js';

/** Where states of partitions are kept, and how often they are written down. */
export const checkpointSettings: readonly Setting[] = [
  setting(
    'checkpointFolder',
    'checkpoint_folder',
    text,
    undefined,
    'a folder that every process of the deployment sees',
    'Where states of partitions are kept, so that whoever gets a partition goes on from there; absent: in the state folder.',
  ),
  setting(
    'checkpointStore',
    'checkpoint_store',
    text.refine((value) => parseStoreUrl(value) !== undefined, 'it is no place in a bucket'),
    undefined,
    's3://bucket or s3://bucket/prefix, the prefix of A-Z a-z 0-9 . _ - and /',
    'Object store that states of partitions are copied to and taken up from; takes a Kafka log along.',
  ),
  setting(
    'checkpointStoreEndpoint',
    'checkpoint_store_endpoint',
    text.refine(isHttpOrigin, 'it is no origin'),
    undefined,
    'http://host:port or https://host:port',
    'Where the S3 API answers, with the bucket in the path; absent: AWS.',
  ),
  setting(
    'checkpointStoreRegion',
    'checkpoint_store_region',
    text.regex(/^[a-z0-9-]+$/, 'it is no region'),
    'us-east-1',
    'a region as the store names it',
    'Region of the bucket.',
  ),
  setting(
    'checkpointStoreAccessKeyId',
    'checkpoint_store_access_key_id',
    text,
    undefined,
    'an access key id',
    'Who asks the object store.',
  ),
  setting('checkpointStoreSecretAccessKey', 'checkpoint_store_secret_access_key', text, undefined, 'a secret key', 'Its secret.'),
  setting(
    'checkpointSeconds',
    'checkpoint_seconds',
    between(1, 3600),
    10,
    'a whole number of seconds from 1 to 3600',
    'How often the state of a partition is written down while it changes; a start after a crash replays what came since.',
  ),
];

function isHttpOrigin(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).origin === value.replace(/\/$/, '');
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
