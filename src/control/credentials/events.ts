import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject credentials. */
export const credentialsEvents = {
  'credential-not-readable': {
    level: 'error',
    happened:
      'the key `credential` of `device` of tenant `tenant` was sealed with another secrets key than this process has; the device cannot use it',
    action:
      'give every process of the deployment the same `SPILLWAY_SECRETS_KEY`, and restore the `secrets-key` of the state folder that made it; else make a new key: `spillway credential add`',
  },
} as const satisfies EventTable;
