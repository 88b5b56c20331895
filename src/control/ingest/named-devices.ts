import type { Device } from '../registry/device.js';
import type { Registry } from '../registry/registry.js';
import { mayAddSubdevices, type Subdevices } from '../registry/subdevices.js';

/** Devices that a gateway device names in what it sends. */
export class NamedDevices {
  readonly #registry: Pick<Registry, 'children' | 'get'>;
  readonly #subdevices: Pick<Subdevices, 'add'>;

  constructor(registry: Pick<Registry, 'children' | 'get'>, subdevices: Pick<Subdevices, 'add'>) {
    this.#registry = registry;
    this.#subdevices = subdevices;
  }

  /** Whether the device speaks for others, so that names in what it sends are looked at. */
  isGateway(device: Device): boolean {
    return mayAddSubdevices(device) || this.#registry.children(device.number) > 0;
  }

  /** Number of the device of this name that the gateway may write for: itself, or one registered `via` it. */
  find(gateway: Device, id: string): number | undefined {
    if (id === gateway.id) return gateway.number;
    const known = this.#registry.get(gateway.tenant, id);
    return known?.via === gateway.number ? known.number : undefined;
  }

  /** As find, after the name was registered where nobody has it and the gateway may register devices. */
  async obtain(gateway: Device, id: string): Promise<number | undefined> {
    const known = this.find(gateway, id);
    if (known !== undefined || !mayAddSubdevices(gateway)) return known;
    await this.#subdevices.add(gateway.number, id);
    return this.find(gateway, id);
  }
}
