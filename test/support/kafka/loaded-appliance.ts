import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { committed } from '../api.js';
import { type Appliance, startAppliance } from '../appliance.js';
import { until } from '../until.js';
import { SESSION_SECONDS } from './deployment.js';
import { Load } from './load.js';
import { newPrefix } from './real-brokers.js';

/** One process with topics of its own whose devices are registered. It is killed and started again on the same state folder. */
export class LoadedAppliance {
  static async start(addresses: string): Promise<LoadedAppliance> {
    const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-kafka-test-'));
    const env = {
      SPILLWAY_STATE: stateFolder,
      SPILLWAY_LOG: 'kafka',
      SPILLWAY_KAFKA_BROKERS: addresses,
      SPILLWAY_KAFKA_TOPIC_PREFIX: newPrefix(),
      SPILLWAY_KAFKA_SESSION_SECONDS: SESSION_SECONDS,
    };
    const started = new LoadedAppliance(stateFolder, env, await startAppliance(env));
    await started.load.register(started.process).catch(async (error: unknown) => {
      await started.end();
      throw error;
    });
    return started;
  }

  readonly load = new Load();
  readonly #stateFolder: string;
  readonly #env: Readonly<Record<string, string>>;
  #process: Appliance;

  private constructor(stateFolder: string, env: Readonly<Record<string, string>>, process: Appliance) {
    this.#stateFolder = stateFolder;
    this.#env = env;
    this.#process = process;
  }

  /** The one that was started last. */
  get process(): Appliance {
    return this.#process;
  }

  /** Publishes until `count` messages more are acknowledged, and goes on publishing. */
  async acknowledges(count: number): Promise<void> {
    const enough = this.load.acknowledged.size + count;
    this.load.start(this.#process.mqttPort);
    await until('messages are acknowledged', () => this.load.acknowledged.size > enough);
  }

  async startAgain(): Promise<void> {
    this.#process = await startAppliance(this.#env);
  }

  /** Ends the load; what it knows as acknowledged is stored, once. Answers how many messages are. */
  async storedOnce(): Promise<number> {
    await this.load.stop();
    await committed(this.#process);
    return this.load.verify(this.#process.databaseUrl);
  }

  async end(): Promise<void> {
    await this.#process.stop();
    rmSync(this.#stateFolder, { recursive: true, force: true });
  }
}
