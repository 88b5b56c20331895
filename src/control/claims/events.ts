import type { EventTable } from '../../telemetry/events.js';

/** Events of claims. */
export const claimsEvents = {
  'device-claimed': {
    level: 'info',
    happened: '`device` of `tenant` was registered by a client at `address` with the claim code number `code`, named `name`',
    action: 'nothing',
  },
  'claims-refused': {
    level: 'warn',
    happened:
      'ten claims from `address` failed within a minute; it is refused (429) until the minute is over. Somebody may be trying codes out',
    action:
      'find out who has the address; a code cannot be guessed, but one that is used up may be printed on devices: `spillway claim-code list`',
  },
  'claim-not-recorded': {
    level: 'warn',
    happened: 'the claim of `device` of `tenant` by the code number `code` is not in the audit log (`cause`); the device is registered',
    action: 'nothing; this event is the record',
  },
} as const satisfies EventTable;
