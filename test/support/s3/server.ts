import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { AwsClient } from 'aws4fetch';
import type { CheckpointStore } from '../../../src/contract/checkpoint-store.js';
import { until } from '../until.js';
import { motoServer } from './moto.js';

const REGION = 'us-east-1';
const BUCKET = 'spillway';
/** Calls that need no signature: those that make the user and its key. From then on every signature is checked. */
const FREE_CALLS = '3';
/** Objects in a page of a listing. */
const PAGE = '10';

/** An S3 server on loopback that checks signatures, with one bucket and one user who may use it. */
export class S3Server {
  readonly endpoint: string;
  readonly #child: ChildProcess;
  readonly #client: AwsClient;
  readonly store: CheckpointStore;

  constructor(endpoint: string, child: ChildProcess, key: { readonly id: string; readonly secret: string }) {
    this.endpoint = endpoint;
    this.#child = child;
    this.#client = new AwsClient({ accessKeyId: key.id, secretAccessKey: key.secret, region: REGION, service: 's3', retries: 0 });
    const keys = { accessKeyId: key.id, secretAccessKey: key.secret };
    this.store = { endpoint, region: REGION, bucket: BUCKET, prefix: 'checkpoints', ...keys };
  }

  /** What an appliance is told of it. */
  get env(): Record<string, string> {
    const { bucket, prefix, accessKeyId, secretAccessKey } = this.store;
    return {
      SPILLWAY_CHECKPOINT_STORE: `s3://${bucket}/${prefix}`,
      SPILLWAY_CHECKPOINT_STORE_ENDPOINT: this.endpoint,
      SPILLWAY_CHECKPOINT_STORE_ACCESS_KEY_ID: accessKeyId,
      SPILLWAY_CHECKPOINT_STORE_SECRET_ACCESS_KEY: secretAccessKey,
    };
  }

  /** Asks as the user does; answers the body. */
  async call(method: string, path: string, body?: Uint8Array<ArrayBuffer>): Promise<string> {
    const response = await this.#client.fetch(`${this.endpoint}/${BUCKET}${path}`, { method, ...(body ? { body } : {}) });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text;
  }

  /** The keys of all objects. */
  async keys(): Promise<string[]> {
    return [...(await this.call('GET', '?list-type=2&max-keys=1000')).matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key);
  }

  /** It keeps its connections and answers nothing. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

export async function startS3(): Promise<S3Server | { readonly missing: string }> {
  const moto = await motoServer();
  if ('missing' in moto) return moto;
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = spawn(moto.python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    env: { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: FREE_CALLS, MOTO_S3_DEFAULT_MAX_KEYS: PAGE },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // A test process that dies must not leave it behind.
  const killWithParent = () => child.kill('SIGKILL');
  process.once('exit', killWithParent);
  child.once('exit', () => process.off('exit', killWithParent));
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-10_000);
  });
  try {
    await until('the S3 server listens', () => {
      assert.equal(child.exitCode, null, said);
      return said.includes('Running on');
    });
    const server = new S3Server(endpoint, child, await makeUser(endpoint));
    await server.call('PUT', '');
    return server;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function makeUser(endpoint: string): Promise<{ id: string; secret: string }> {
  const iam = new AwsClient({ accessKeyId: 'none', secretAccessKey: 'none', region: REGION, service: 'iam', retries: 0 });
  const call = async (parameters: Record<string, string>) => {
    const body = new URLSearchParams({ Version: '2010-05-08', UserName: 'spillway', ...parameters }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await iam.fetch(`${endpoint}/`, { method: 'POST', headers, body });
    const text = await response.text();
    assert.ok(response.ok, text);
    return text;
  };
  await call({ Action: 'CreateUser' });
  const key = await call({ Action: 'CreateAccessKey' });
  const allowed = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [allowed] });
  await call({ Action: 'PutUserPolicy', PolicyName: 'buckets', PolicyDocument: policy });
  const [id, secret] = ['AccessKeyId', 'SecretAccessKey'].map((name) => new RegExp(`<${name}>([^<]+)<`).exec(key)?.[1]);
  assert.ok(id && secret);
  return { id, secret };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
