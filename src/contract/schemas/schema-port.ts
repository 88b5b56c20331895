import type { SchemaPlan } from './schema-plan.js';

/** By which version of which schema messages of devices are read, and in which time zone. Arrays of one length, an element a device. */
export interface SchemaResolution {
  /** Their numbers. */
  readonly devices: Uint32Array;
  /** SchemaPlan.number; 0: the messages of the device are read without a schema. */
  readonly numbers: Uint32Array;
  /** Number of the zone of times that name none; 0: none. */
  readonly timeZones: Uint8Array;
}

/** What the registry of schemas asks of the data plane. */
export interface SchemaPort {
  /**
   * Resolves when every gateway of this process stamps messages of these devices with these numbers. Devices that it does not name
   * keep theirs; a device that is published anew has the number of its entry.
   */
  publishSchemas(resolution: SchemaResolution): Promise<void>;
  /** The listener is called with the text of a plan's `firmwareField`; the same text may come again. */
  onFirmware(listener: (device: number, version: string) => void): void;
}

/** What the data plane asks of the registry of schemas, where a partition meets a number that it has no plan for. */
export interface SchemaSource {
  /**
   * The plan of a version, be it retired or of another process. Undefined: no version has this number. Rejects while the database,
   * which alone may know it, is away.
   */
  planOf(number: number): Promise<SchemaPlan | undefined>;
}
