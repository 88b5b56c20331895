import type { ApiFailure } from '../../contract/api-errors.js';
import type { SchemaResolution } from '../../contract/schemas/schema-port.js';
import type { TimeZones } from '../time-zones/time-zones.js';
import type { Device } from './device.js';

export interface ReadingRulesOptions {
  /** Number of the schema version by which a device's messages are read; 0: none. */
  readonly schemaOf?: (device: Device) => number;
  /** In which time zones times are read that name none. */
  readonly timeZones?: Pick<TimeZones, 'ensure' | 'numberOf'>;
  /** Resolves when every gateway stamps messages of these devices so. */
  readonly publishSchemas?: (resolution: SchemaResolution) => Promise<void>;
}

/** By which schema and in which time zone messages of devices are read. */
export class ReadingRules {
  readonly #options: ReadingRulesOptions;

  constructor(options: ReadingRulesOptions) {
    this.#options = options;
  }

  /** Sets what of a device follows from the rest of it. */
  resolve(device: Device): void {
    device.schema = this.#options.schemaOf?.(device) ?? 0;
    device.timeZone = this.#options.timeZones?.numberOf(device) ?? 0;
  }

  /** The same of many; resolves to how many of them changed when the gateways act on it. */
  async assign(among: Iterable<Device>): Promise<number> {
    const changed: Device[] = [];
    for (const device of among) {
      const { schema, timeZone } = device;
      this.resolve(device);
      if (device.schema !== schema || device.timeZone !== timeZone) changed.push(device);
    }
    if (changed.length === 0) return 0;
    await this.#options.publishSchemas?.({
      devices: Uint32Array.from(changed, ({ number }) => number),
      numbers: Uint32Array.from(changed, ({ schema }) => schema),
      timeZones: Uint8Array.from(changed, ({ timeZone }) => timeZone),
    });
    return changed.length;
  }

  /** Before devices have these details: their time zones need numbers. */
  async prepare(details: Iterable<{ readonly timeZone?: string | null | undefined } | undefined>): Promise<ApiFailure | undefined> {
    const names = Array.from(details).flatMap((one) => one?.timeZone ?? []);
    return this.#options.timeZones?.ensure(names);
  }
}
