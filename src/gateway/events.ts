import type { EventTable } from '../telemetry/events.js';

/** Events of gateway threads. */
export const gatewayEvents = {
  'device-over-rate': {
    level: 'warn',
    happened:
      'a device (`tenant`, `device`) sends more messages than its rate allows. Over MQTT it is read more slowly, and over HTTP and CoAP refused; nothing that was acknowledged is dropped. Once a minute for a device, and for at most 20 devices of a gateway thread a minute',
    action:
      'find out why it sends so much: a backlog after an outage passes by itself. Raise `SPILLWAY_DEVICE_RATE` where devices may send more',
  },
  'tenant-held-back': {
    level: 'warn',
    happened:
      'a `tenant` sends more than its share while others send too, so that some of its messages wait in their sockets; nothing is dropped, and the others do not wait for it. `kib` were read of it in the last second, `percent` of all that was read. Once a minute for a tenant and gateway thread',
    action:
      'nothing, if it passes by itself. Else the gateway or the log is at its limit: find out what the tenant sends, give it a rate, or add gateway threads or a faster disk',
  },
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
