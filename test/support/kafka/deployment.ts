import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Brokers } from '../../../src/cli/selftest/kafka/brokers.js';
import { call, committed } from '../api.js';
import { type Appliance, startAppliance } from '../appliance.js';
import { openDatabase, type StoreDatabase } from '../database.js';
import { until } from '../until.js';
import type { Load } from './load.js';
import { newPrefix } from './real-brokers.js';

/** A dead process is noticed within it. */
export const SESSION_SECONDS = '2';

/** What `GET /v1/pipeline/lag` tells of a partition, as far as these tests look at it. */
export interface Lag {
  readonly here: boolean;
  readonly checkpoint_offset: string | null;
  readonly checkpoint_store_offset: string | null;
  readonly checkpoint_store_age_ms: number | null;
}

/** Several processes around one topic and one database. */
export class Deployment {
  static async open(brokers: Pick<Brokers, 'addresses'>, env: Readonly<Record<string, string>> = {}): Promise<Deployment> {
    return new Deployment(brokers, await openDatabase(), env);
  }

  readonly database: StoreDatabase;
  /** Of the states of its processes, each below its name. */
  readonly folder = mkdtempSync(join(tmpdir(), 'spillway-deployment-'));
  readonly topic: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #running: Appliance[] = [];

  private constructor(brokers: Pick<Brokers, 'addresses'>, database: StoreDatabase, env: Readonly<Record<string, string>>) {
    const prefix = newPrefix();
    this.database = database;
    this.topic = `${prefix}telemetry.raw`;
    this.#env = {
      SPILLWAY_LOG: 'kafka',
      SPILLWAY_KAFKA_BROKERS: brokers.addresses,
      SPILLWAY_KAFKA_TOPIC_PREFIX: prefix,
      SPILLWAY_KAFKA_SESSION_SECONDS: SESSION_SECONDS,
      SPILLWAY_DATABASE_URL: database.url,
      SPILLWAY_CHECKPOINT_SECONDS: '1',
      ...env,
    };
  }

  /** Starts a process; under a name that it had before, it is that one again. */
  async start(name: string, roles: string, env: Readonly<Record<string, string>> = {}): Promise<Appliance> {
    const process = await startAppliance({ ...this.#env, SPILLWAY_STATE: join(this.folder, name), SPILLWAY_ROLES: roles, ...env });
    this.#running.push(process);
    return process;
  }

  /** Ends the load: everything acknowledged is stored, once. */
  async verify(load: Load, process: Appliance): Promise<void> {
    await load.stop();
    await committed(process);
    await load.verify(this.database.url);
  }

  /** Ends all of it where it stands. */
  async close(): Promise<void> {
    await Promise.all(this.#running.map((process) => process.kill()));
    await this.database.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function partitions(process: Appliance): Promise<Lag[]> {
  return (await call<{ partitions: Lag[] }>(process, 'GET', '/v1/pipeline/lag')).partitions;
}

/** Waits until the process runs so many partitions. */
export async function owns(process: Appliance, count: number): Promise<void> {
  const owned = async () => (await partitions(process)).filter(({ here }) => here).length;
  await until(`it has ${count} partitions`, async () => (await owned()) === count).catch(async (error: Error) => {
    assert.fail(`${error.message}, it has ${await owned()}: ${process.output().slice(-3000)}`);
  });
}

/** Waits until so many messages more are acknowledged. */
export async function more(load: Load, messages: number): Promise<void> {
  const enough = load.acknowledged.size + messages;
  await until('messages are acknowledged', () => load.acknowledged.size > enough);
}
