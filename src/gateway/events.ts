import type { EventTable } from '../telemetry/events.js';

/** Events of gateway threads. */
export const gatewayEvents = {
  'device-not-registered': {
    level: 'error',
    happened: 'the gateway has no room for another device; this one cannot connect',
    action: 'run fewer devices on this deployment',
  },
  'reactor-started': {
    level: 'info',
    happened: 'a gateway thread runs: which `reactor`, room for how many connections, and why not the native one (`reason`)',
    action: 'raise the limit of open files when `connectionsMax` is too small',
  },
} as const satisfies EventTable;
