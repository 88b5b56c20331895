import { join } from 'node:path';
import { after, afterEach, before, beforeEach } from 'node:test';
import type { Appliance } from '../appliance.js';
import { Deployment } from './deployment.js';
import { sharedBroker } from './real-brokers.js';

/** Gives each test of a file a deployment of its own, over one broker and one database server. */
export class Deployments {
  #brokers: Awaited<ReturnType<typeof sharedBroker>> | undefined;
  #current: Deployment | undefined;

  /** `env` is asked before each test. */
  constructor(env: () => Readonly<Record<string, string>> = () => ({})) {
    before(async () => {
      this.#brokers = await sharedBroker();
    });
    after(async () => {
      await this.#brokers?.stop();
    });
    beforeEach(async () => {
      this.#current = await Deployment.open({ addresses: this.addresses }, env());
    });
    afterEach(async () => {
      await this.#current?.close();
      this.#current = undefined;
    });
  }

  get addresses(): string {
    return this.#brokers?.addresses ?? '';
  }

  /** The deployment of the test that runs. */
  get current(): Deployment {
    if (!this.#current) throw new Error('there is a deployment in tests only');
    return this.#current;
  }

  /** Starts a process whose checkpoints are in a folder that all processes see. */
  start(name: string, roles: string): Promise<Appliance> {
    return this.current.start(name, roles, { SPILLWAY_CHECKPOINT_FOLDER: join(this.current.folder, 'checkpoints') });
  }
}
