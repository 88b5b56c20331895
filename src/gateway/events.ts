import type { EventTable } from '../telemetry/events.js';

/** Events of gateway threads. */
export const gatewayEvents = {
  'device-not-registered': {
    level: 'error',
    happened: 'the gateway has no room for another device; this one cannot connect',
    action: 'run fewer devices on this deployment',
  },
  'gateway-tls-files-not-used': {
    level: 'error',
    happened: 'a gateway thread cannot use the new certificate, key or authorities (`cause`); it shows the ones before',
    action: 'mend the files; they are looked at again when they change',
  },
  'reactor-started': {
    level: 'info',
    happened: 'a gateway thread runs: which `reactor`, room for how many connections, and why not the native one (`reason`)',
    action: 'raise the limit of open files when `connectionsMax` is too small',
  },
} as const satisfies EventTable;
