import type { Device } from '../registry/device.js';
import { type Closeness, closeness, compareCloseness, type FirmwareRange, parseRange } from './firmware-range.js';
import { type Schema, usedOf, versionOf } from './schema-version.js';

/** What of a device says by which version it is read. */
export type Resolvable = Pick<Device, 'tenant' | 'deviceClass' | 'firmwareVersion' | 'schemaId' | 'schemaVersion'>;

/** Firmware is a text of the device's own: not so many of them are worth remembering. */
const REMEMBERED_MAX = 50_000;

interface Choice {
  readonly schema: Schema;
  readonly range: FirmwareRange;
}

/** Says by which schema version messages of a device are read: the one that it names, else that of its class whose range is closest to its firmware. */
export class Resolver {
  /** By tenant and class, the newest schema first. */
  readonly #classes = new Map<string, Choice[]>();
  readonly #byId = new Map<string, Schema>();
  readonly #remembered = new Map<string, Schema | undefined>();

  constructor(schemas: Iterable<Schema>) {
    for (const schema of schemas) {
      this.#byId.set(schema.id, schema);
      const range = parseRange(schema.firmwareVersion);
      if (schema.retiredAtMs !== undefined || !range) continue;
      const key = `${schema.tenant}\0${schema.deviceClass}`;
      const choices = this.#classes.get(key) ?? [];
      choices.push({ schema, range });
      this.#classes.set(key, choices);
    }
    for (const choices of this.#classes.values()) choices.sort((a, b) => firstNumber(b.schema) - firstNumber(a.schema));
  }

  /** SchemaPlan.number; 0: messages of the device are read without a schema. */
  numberOf(device: Resolvable): number {
    const named = device.schemaId === null ? undefined : this.#byId.get(device.schemaId);
    if (named?.tenant === device.tenant) return (versionOf(named, device.schemaVersion) ?? usedOf(named)).number;
    const schema = this.#schemaOf(device);
    return schema ? usedOf(schema).number : 0;
  }

  #schemaOf({ tenant, deviceClass, firmwareVersion }: Resolvable): Schema | undefined {
    if (deviceClass === null) return undefined;
    const choices = this.#classes.get(`${tenant}\0${deviceClass}`);
    if (!choices) return undefined;
    const key = `${tenant}\0${deviceClass}\0${firmwareVersion ?? '\0'}`;
    if (this.#remembered.has(key)) return this.#remembered.get(key);
    const found = closest(choices, firmwareVersion);
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(key, found);
    return found;
  }
}

/** Of two that are as close the newer schema. */
function closest(choices: readonly Choice[], firmware: string | null): Schema | undefined {
  let best: { readonly schema: Schema; readonly close: Closeness } | undefined;
  for (const { schema, range } of choices) {
    const close = closeness(range, firmware);
    if (close && (!best || compareCloseness(close, best.close) > 0)) best = { schema, close };
  }
  return best?.schema;
}

function firstNumber({ versions }: Schema): number {
  return versions[0]?.number ?? 0;
}
