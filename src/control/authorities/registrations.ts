import { ApiFailure } from '../../contract/api-errors.js';
import type { QuestionOf } from '../../contract/threads/gateway.js';
import type { Report } from '../../telemetry/report.js';
import type { Registry } from '../registry/registry.js';
import type { authoritiesEvents } from './events.js';
import type { TenantAuthorities } from './tenant-authorities.js';

const REPORT_MS = 60_000;

export interface RegistrationsOptions {
  readonly authorities: Pick<TenantAuthorities, 'of'>;
  readonly registry: Pick<Registry, 'count' | 'create' | 'get'>;
  readonly event: Report<keyof typeof authoritiesEvents>;
  readonly nowMs?: () => number;
}

/** Registers devices that show a certificate of an authority of their tenant, which a gateway has verified. */
export class Registrations {
  /** Since the start. */
  readonly counts = { registered: 0, refused: 0 };
  readonly #options: RegistrationsOptions;
  /** Being registered, by tenant. */
  readonly #pending = new Map<string, number>();
  /** By authority: when a refusal was reported last. */
  readonly #reportedMs = new Map<number, number>();

  constructor(options: RegistrationsOptions) {
    this.#options = options;
  }

  /** Resolves when the device can connect, or cannot be registered; never rejects. */
  async register({ authority, tenant, device }: QuestionOf<'registration'>): Promise<void> {
    const { authorities, registry, event } = this.#options;
    const known = authorities.of(tenant).find(({ id }) => id === authority);
    if (!known?.registers || registry.get(tenant, device)) return;
    const pending = this.#pending.get(tenant) ?? 0;
    if (registry.count(tenant) + pending >= known.devicesMax) {
      this.#refused(authority, tenant, device, `the tenant has ${known.devicesMax} devices`);
      return;
    }
    this.#pending.set(tenant, pending + 1);
    try {
      const created = await registry.create({ tenant, id: device, deviceClass: known.deviceClass });
      if (created instanceof ApiFailure) {
        // Two connections of one device ask at once; or another process has registered it.
        if (created.error.code !== 'device_exists') this.#refused(authority, tenant, device, created.message);
        return;
      }
      this.counts.registered++;
      event('info', 'device-registered-by-certificate', { tenant, device, authority });
    } catch (error) {
      this.#refused(authority, tenant, device, (error as Error).message);
    } finally {
      this.#pending.set(tenant, this.#pending.get(tenant)! - 1);
    }
  }

  #refused(authority: number, tenant: string, device: string, cause: string): void {
    this.counts.refused++;
    const { event, nowMs = Date.now } = this.#options;
    if (nowMs() - (this.#reportedMs.get(authority) ?? Number.NEGATIVE_INFINITY) < REPORT_MS) return;
    this.#reportedMs.set(authority, nowMs());
    event('warn', 'device-not-registered-by-certificate', { tenant, device, authority, cause });
  }
}
