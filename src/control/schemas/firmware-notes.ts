import type { Report } from '../../telemetry/report.js';
import { firmwareProblem } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import type { schemasEvents } from './events.js';

/** Of a rollout: one statement writes so many. */
const BATCH = 1000;

/** Writes what devices say of their firmware, many at a time, and only what is new. */
export class FirmwareNotes {
  readonly #registry: Pick<Registry, 'byNumber' | 'noteFirmware'>;
  readonly #event: Report<keyof typeof schemasEvents>;
  readonly #pending = new Map<number, string>();
  #writing: Promise<void> | undefined;
  #noted = 0;

  constructor(registry: Pick<Registry, 'byNumber' | 'noteFirmware'>, event: Report<keyof typeof schemasEvents>) {
    this.#registry = registry;
    this.#event = event;
  }

  /** How often a device said another version than before. */
  get noted(): number {
    return this.#noted;
  }

  /** A text that is no version of firmware is passed over. */
  add(device: number, version: string): void {
    const known = this.#pending.get(device) ?? this.#registry.byNumber(device)?.firmwareVersion;
    if (known === undefined || known === version || firmwareProblem(version) !== undefined) return;
    this.#pending.set(device, version);
    this.#writing ??= this.#write();
  }

  /** Resolves when everything that was said is written, or could not be. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    // What comes while one batch is written goes with the next.
    await Promise.resolve();
    while (this.#pending.size > 0) {
      const batch = new Map([...this.#pending].slice(0, BATCH));
      for (const device of batch.keys()) this.#pending.delete(device);
      try {
        await this.#registry.noteFirmware(batch);
        this.#noted += batch.size;
      } catch (error) {
        this.#event('warn', 'firmware-not-noted', { devices: batch.size, cause: (error as Error).message });
      }
    }
    this.#writing = undefined;
  }
}
