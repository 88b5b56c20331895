import type { IntakeLimits } from '../../contract/limits/intake-limits.js';
import { setting, type ValuesOf, whole } from '../setting.js';

/** How much devices may send. */
export const limitSettings = {
  deviceRate: setting('device_rate', whole(0, 1_000_000, 'messages'), {
    fallback: 100,
    what: 'Messages a second that a device may send, twice as many at once; a gateway so many for each device that is registered with `via` and for itself. Over it the device is read more slowly (MQTT), or answered 429 (HTTP) or 4.29 (CoAP). 0: no limit. [LIMITS.md](LIMITS.md) says what holds where.',
  }),
  deviceExcessSeconds: setting('device_excess_seconds', whole(0, 86_400, 'seconds'), {
    fallback: 30,
    what: 'A device that has sent over its rate for so long without a break is disconnected: MQTT 5 says 0x97. 0: it never is.',
  }),
  tenantRate: setting('tenant_rate', whole(0, 100_000_000, 'messages'), {
    fallback: 0,
    what: 'Messages a second that all devices of a tenant may send together to one process, twice as many at once; each gateway thread has an equal share. 0: no limit.',
  }),
  tenantKibPerSecond: setting('tenant_kib_per_second', whole(0, 100_000_000, 'KiB'), {
    fallback: 0,
    what: 'KiB of payloads a second, likewise. 0: no limit.',
  }),
};

export type LimitConfig = ValuesOf<typeof limitSettings>;

/** The limits of one of so many gateway threads. */
export function intakeLimits(config: LimitConfig, gateways: number): IntakeLimits {
  return {
    deviceRate: config.deviceRate,
    excessMs: config.deviceExcessSeconds * 1000,
    tenantRate: config.tenantRate / gateways,
    tenantBytesPerSecond: (config.tenantKibPerSecond * 1024) / gateways,
  };
}
