import { parseStoreUrl } from '../contract/checkpoint-store.js';
import { between, type Setting, setting, text } from './setting.js';

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
