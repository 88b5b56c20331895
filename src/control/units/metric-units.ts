import { DatabaseUnavailable } from '../../contract/database.js';
import { withDeadline } from '../../contract/deadline.js';
import type { Device } from '../registry/device.js';
import type { Schemas } from '../schemas/schemas.js';
import type { StatedUnits } from './stated-units.js';

/** The unit of a device's metric, of which number and name are given; undefined: nothing says it. */
export type UnitOf = (device: Pick<Device, 'number' | 'schema'>, metric: number, name: string) => string | undefined;

/** In which unit readings are stored: the schema of the device says it, else the device itself. */
export class MetricUnits {
  readonly #schemas: Pick<Schemas, 'unitOf'>;
  readonly #stated: Pick<StatedUnits, 'of'>;

  constructor(schemas: Pick<Schemas, 'unitOf'>, stated: Pick<StatedUnits, 'of'>) {
    this.#schemas = schemas;
    this.#stated = stated;
  }

  /** Of these devices. While the database is away, or takes longer than `msMax`, what devices stated is not known. */
  async of(devices: readonly Pick<Device, 'number'>[], msMax = Number.POSITIVE_INFINITY): Promise<UnitOf> {
    const reading = beforeDeadline(this.#stated.of(devices.map(({ number }) => number)), msMax);
    const stated = await reading.catch((error: unknown) => {
      if (error instanceof DatabaseUnavailable) return undefined;
      throw error;
    });
    return ({ number, schema }, metric, name) => unitOf(this.#schemas, schema, name, stated?.get(number)?.get(metric));
  }
}

/** Rejects with DatabaseUnavailable where the database takes longer than `ms`. */
export function beforeDeadline<Result>(work: Promise<Result>, ms: number): Promise<Result> {
  if (ms === Number.POSITIVE_INFINITY) return work;
  return withDeadline(work, ms, () => new DatabaseUnavailable('ANSWER_LATE', `it does not answer within ${ms} ms`));
}

/** `stated`: what the device says of the metric that it sends; it counts unless the schema stores another one under that name. */
export function unitOf(schemas: Pick<Schemas, 'unitOf'>, schema: number, name: string, stated: string | undefined): string | undefined {
  const ofSchema = schemas.unitOf(schema, name);
  return ofSchema === undefined ? stated : (ofSchema ?? undefined);
}
