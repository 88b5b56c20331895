import { DEVICE_AT_ACCEPTED, DEVICE_AT_NUMBER, DEVICE_BYTES, DEVICES_BYTES, DEVICES_OFFSET } from '../../assembly/abi/gateway.js';
import type { KernelMemory } from '../host/kernel.js';

/**
 * How many messages the gateways took in of a device since the start, modulo 2^32. Every gateway knows the same devices, each
 * in the order in which it got them; entries are only ever added, so each read of a gateway's table begins after the last one.
 */
export class AcceptedMessages {
  readonly #gateways: readonly { readonly view: DataView; readonly entries: Map<number, number>; end: number }[];

  constructor(gateways: readonly KernelMemory[]) {
    this.#gateways = gateways.map(({ view }) => ({ view, entries: new Map<number, number>(), end: DEVICES_OFFSET }));
  }

  of(device: number): number {
    let messages = 0;
    for (const gateway of this.#gateways) {
      if (!gateway.entries.has(device)) this.#readOn(gateway);
      const entry = gateway.entries.get(device);
      if (entry !== undefined) messages += gateway.view.getUint32(entry + DEVICE_AT_ACCEPTED, true);
    }
    return messages;
  }

  #readOn(gateway: { readonly view: DataView; readonly entries: Map<number, number>; end: number }): void {
    const last = DEVICES_OFFSET + DEVICES_BYTES;
    for (; gateway.end < last; gateway.end += DEVICE_BYTES) {
      const number = gateway.view.getUint32(gateway.end + DEVICE_AT_NUMBER, true);
      if (number === 0) return;
      gateway.entries.set(number, gateway.end);
    }
  }
}
