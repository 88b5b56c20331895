import type { NumberRange } from '../../contract/database-identity.js';
import type { OwnedPartition } from '../../contract/threads/pipeline.js';

export interface AdmissionPorts {
  /** Refuses a database that the log does not belong to before anything is written to it, and brings the right one to this build's schema. */
  open(): Promise<{ readonly lostDevices: readonly NumberRange[] }>;
  /** Whether queries are refused. */
  hold(isHeld: boolean): void;
  /** Take up, one after another, what the database has in place of what was known before. */
  readonly reload: readonly (() => Promise<void>)[];
  /** The same of metrics; whether all that was known still holds. */
  reloadMetrics(): Promise<boolean>;
  /** Makes this process the one that commits. */
  claim(): Promise<readonly OwnedPartition[]>;
  /** Begins to commit; whether it had to run parts of the log again. */
  admit(owned: readonly OwnedPartition[], lostDevices: readonly NumberRange[], isOther: boolean): Promise<boolean>;
  isEnding(): boolean;
}

export interface Admitted {
  readonly lostDevices: readonly NumberRange[];
  readonly again: boolean;
}

/** The steps by which a process that started without its database takes it up. Each attempt makes all of them: the database may go away between two. */
export class Admission {
  readonly #ports: AdmissionPorts;
  /** Numbers of metrics mean something else in the database than those that kernels have. */
  #isOther = false;

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  /** Undefined: the process ends. Rejects as `open` does, and when the database goes away meanwhile. */
  async attempt(): Promise<Admitted | undefined> {
    const { open, hold, reload, reloadMetrics, claim, admit, isEnding } = this.#ports;
    const { lostDevices } = await open();
    hold(false);
    try {
      if (!(await reloadMetrics())) this.#isOther = true;
      for (const one of reload) await one();
      const owned = await claim();
      if (isEnding()) return undefined;
      return { lostDevices, again: await admit(owned, lostDevices, this.#isOther) };
    } catch (error) {
      hold(true);
      throw error;
    }
  }
}
