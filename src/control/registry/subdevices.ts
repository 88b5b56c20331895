import { ApiFailure } from '../../contract/api-errors.js';
import type { Report } from '../../telemetry/report.js';
import type { Device } from './device.js';
import { deviceIdProblem } from './device-id.js';
import type { registryEvents } from './events.js';
import type { Registry } from './registry.js';

/** A gateway device that names more of them is likely to be wrong: the rest stay readings of its own. */
export const SUBDEVICES_MAX = 1000;

/** Registers the devices that a gateway device speaks for and that nobody has, where its metadata says `"subdevices": true`. */
export class Subdevices {
  readonly #registry: Pick<Registry, 'byNumber' | 'children' | 'create' | 'get'>;
  readonly #report: Report<keyof typeof registryEvents>;
  readonly #max: number;
  /** "gateway NUL id" of those that are being registered. */
  readonly #pending = new Set<string>();
  /** Gateways that were reported to have too many. */
  readonly #full = new Set<number>();

  constructor(
    registry: Pick<Registry, 'byNumber' | 'children' | 'create' | 'get'>,
    report: Report<keyof typeof registryEvents>,
    max = SUBDEVICES_MAX,
  ) {
    this.#registry = registry;
    this.#report = report;
    this.#max = max;
  }

  /** Registers a device that the gateway device of this number named; resolves when it can be written for, or stays unregistered. */
  async add(gatewayNumber: number, id: string): Promise<void> {
    const gateway = this.#registry.byNumber(gatewayNumber);
    if (!gateway || !mayAddSubdevices(gateway) || deviceIdProblem(id) !== undefined || this.#registry.get(gateway.tenant, id)) return;
    const name = `${gatewayNumber}\0${id}`;
    if (this.#pending.has(name)) return;
    const pending = [...this.#pending].filter((other) => other.startsWith(`${gatewayNumber}\0`)).length;
    if (this.#registry.children(gatewayNumber) + pending >= this.#max) {
      if (!this.#full.has(gatewayNumber)) this.#reportFailure(gateway, id, `it has ${this.#max} sub-devices`);
      this.#full.add(gatewayNumber);
      return;
    }
    this.#pending.add(name);
    try {
      const created = await this.#registry.create({ tenant: gateway.tenant, id, via: gateway.id });
      if (created instanceof ApiFailure) this.#reportFailure(gateway, id, created.message);
      else this.#report('info', 'subdevice-registered', { tenant: gateway.tenant, gateway: gateway.id, id });
    } catch (error) {
      this.#reportFailure(gateway, id, (error as Error).message);
    } finally {
      this.#pending.delete(name);
    }
  }

  #reportFailure({ tenant, id: gateway }: Device, id: string, cause: string): void {
    this.#report('warn', 'subdevice-not-registered', { tenant, gateway, id, cause });
  }
}

/** Whether devices that this one names are registered by themselves. */
export function mayAddSubdevices({ metadata }: Pick<Device, 'metadata'>): boolean {
  return metadata.subdevices === true;
}
