import { ApiFailure } from '../../contract/api-errors.js';
import { clientTokens } from '../../http/auth.js';
import type { RequestHead } from '../../http/exchange.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Device } from '../registry/device.js';
import { TENANT_DEFAULT } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import { type DenyingRules, denied } from './denied.js';

/** Finds the device of a call that names none: its token alone says whose messages they are. */
export class TokenDevices {
  readonly #registry: Pick<Registry, 'byToken' | 'unknown'>;
  readonly #ledger: Pick<Ledger, 'refused'>;
  readonly #acl: DenyingRules;

  constructor(registry: Pick<Registry, 'byToken' | 'unknown'>, ledger: Pick<Ledger, 'refused'>, acl: DenyingRules) {
    this.#registry = registry;
    this.#ledger = ledger;
    this.#acl = acl;
  }

  /** The active device of the call's token; a refusal is counted. */
  admit(head: Pick<RequestHead, 'authorization' | 'query'>, attempt: string): Device | ApiFailure {
    const device = this.#find(head) ?? this.#registry.unknown('credentials_invalid', attempt);
    if (device instanceof ApiFailure) return this.refused(device, undefined);
    if (device.status !== 'active')
      return this.refused(new ApiFailure('device_inactive', attempt, `the device is ${device.status}`), device);
    const denial = denied(this.#acl, device, null, attempt);
    return denial ? this.refused(denial, device) : device;
  }

  /** Counts a call that is refused for something else. */
  refused(failure: ApiFailure, device: Device | undefined): ApiFailure {
    this.#ledger.refused(failure.error.code, device?.tenant ?? TENANT_DEFAULT, device);
    return failure;
  }

  /** Counts a call of this head that is refused. */
  refusedOf(failure: ApiFailure, head: Pick<RequestHead, 'authorization' | 'query'>): void {
    this.refused(failure, this.#find(head));
  }

  #find({ authorization, query }: Pick<RequestHead, 'authorization' | 'query'>): Device | undefined {
    for (const token of clientTokens(authorization, query)) {
      const device = this.#registry.byToken(token);
      if (device) return device;
    }
    return undefined;
  }
}
