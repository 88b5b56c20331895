import type { DataPlane } from '../../contract/data-plane.js';
import type { KeyCheck } from '../../http/auth.js';
import type { Part } from '../part.js';
import { Registrations, type RegistrationsOptions } from './registrations.js';
import { authorityRoutes } from './routes.js';
import type { TenantAuthorities } from './tenant-authorities.js';

export interface AuthoritiesPartOptions extends Omit<RegistrationsOptions, 'authorities'> {
  readonly authorities: TenantAuthorities;
  readonly plane: Pick<DataPlane, 'onIdentityAsked'>;
  readonly keys: KeyCheck;
}

/** Authorities of devices over the API, and the registration of devices that they certify. */
export function authoritiesPart({ authorities, plane, keys, ...options }: AuthoritiesPartOptions): Part {
  const registrations = new Registrations({ ...options, authorities });
  return {
    role: 'control',
    routes: authorityRoutes(authorities, keys),
    metrics: [
      {
        kind: 'counter',
        name: 'spillway_certificate_registrations_total',
        help: 'Devices that showed a certificate of an authority and were not known, by what became of them, since the start',
        label: 'result',
        values: () => Object.entries(registrations.counts),
      },
    ],
    open: async () => plane.onIdentityAsked('registration', (question) => registrations.register(question)),
  };
}
