import type { EventTable } from '../../telemetry/events.js';

/** Events of issuers of tokens. */
export const issuersEvents = {
  'issuer-keys-not-fetched': {
    level: 'warn',
    happened:
      'the keys of `issuer` of tenant `tenant` could not be fetched from `url` (`cause`); the keys that were fetched last stay in use. Said once until they can be fetched again',
    action: 'ask whoever runs the issuer; devices whose tokens are signed by a newer key are refused until then',
  },
  'issuer-keys-fetched-again': {
    level: 'info',
    happened: 'the keys of `issuer` of tenant `tenant` can be fetched from `url` again',
    action: 'nothing',
  },
} as const satisfies EventTable;
