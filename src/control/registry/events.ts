import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject registry. */
export const registryEvents = {
  'subdevice-registered': {
    level: 'info',
    happened:
      'a gateway device named a device that was not registered, and may register such devices (`"subdevices": true` in its metadata)',
    action: 'none',
  },
  'subdevice-not-registered': {
    level: 'warn',
    happened: 'the same, but it could not be registered; its readings are those of the gateway device, under names that begin with its id',
    action: 'see the cause; a gateway device may register 1,000 sub-devices, more have to be registered with `via`',
  },
} as const satisfies EventTable;
