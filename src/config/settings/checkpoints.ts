import type { CheckpointStore } from '../../contract/checkpoint-store.js';
import { matching, path, setting, text, type ValuesOf, whole } from '../setting.js';
import type { Values } from '../values.js';

// Characters that mean the same in a path, in a signature and in XML.
const storeUrl = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9._-]+)*)\/?$/;

/** Where states of partitions are kept, and how often they are written down. */
export const checkpointSettings = {
  folder: setting(
    'checkpoint_folder',
    { ...path, allowed: 'a folder that every process of the deployment sees' },
    {
      shownDefault: 'in the state folder',
      what: 'Folder of these states; with several processes one that all of them see.',
    },
  ),
  store: setting(
    'checkpoint_store',
    matching(storeUrl, 'must be a place in a bucket', 's3://bucket or s3://bucket/prefix, the prefix of A-Z a-z 0-9 . _ - and /'),
    {
      what: '`s3://bucket/prefix`: object store with the S3 API that these states are copied to and taken up from; needs `SPILLWAY_LOG=kafka` and both keys.',
    },
  ),
  storeEndpoint: setting('checkpoint_store_endpoint', text('http://host:port or https://host:port', isHttpOrigin, 'must be an origin'), {
    shownDefault: 'AWS',
    what: '`http(s)://host:port` of MinIO and the like, which get the bucket in the path.',
  }),
  storeRegion: setting('checkpoint_store_region', matching(/^[a-z0-9-]+$/, 'must be a region', 'a region as the store names it'), {
    fallback: 'us-east-1',
    what: 'Region of the bucket.',
  }),
  storeAccessKeyId: setting('checkpoint_store_access_key_id', text('an access key id'), {
    what: 'Access key of one who may list the bucket, and get, put and delete objects below the prefix.',
  }),
  storeSecretAccessKey: setting('checkpoint_store_secret_access_key', { ...text('a secret key'), is: 'secret' }, { what: 'Its secret.' }),
  seconds: setting('checkpoint_seconds', whole(1, 3600, 'seconds'), {
    fallback: 10,
    what: 'How often the state of a partition is written down while it changes; a start after a crash replays the log from there.',
  }),
};

export type CheckpointConfig = ValuesOf<typeof checkpointSettings>;

/** Where checkpoints of this topic are copied to; undefined: nowhere. Each topic has a prefix of its own there, as in the folder. */
export function checkpointStoreOf(config: CheckpointConfig, topic: string | undefined): CheckpointStore | undefined {
  const { storeAccessKeyId: accessKeyId, storeSecretAccessKey: secretAccessKey, storeEndpoint: endpoint, storeRegion: region } = config;
  const [, bucket, prefix = ''] = storeUrl.exec(config.store ?? '') ?? [];
  if (topic === undefined || bucket === undefined || accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { endpoint, region, bucket, prefix: `${prefix}/${topic}`.slice(1), accessKeyId, secretAccessKey };
}

/** What the settings of the store say of each other and of the log. */
export function checkpointProblems({ checkpoints, log }: Values): string[] {
  const problems: string[] = [];
  const needs = (name: string, because: string) => problems.push(`cannot use setting ${because} without ${name}`);
  const parts = (['storeEndpoint', 'storeAccessKeyId', 'storeSecretAccessKey'] as const).map(
    (key) => [checkpointSettings[key].name, checkpoints[key]] as const,
  );
  if (checkpoints.store === undefined) {
    for (const [name, value] of parts) if (value !== undefined) needs('checkpoint_store', name);
    return problems;
  }
  for (const [name, value] of parts.slice(1)) if (value === undefined) needs(name, 'checkpoint_store');
  // A log of files goes with the folder of checkpoints beside it; one in the store would outlive the log that it belongs to.
  if (log.kind !== 'kafka') needs('log = kafka', 'checkpoint_store');
  return problems;
}

function isHttpOrigin(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).origin === value.replace(/\/$/, '');
}
