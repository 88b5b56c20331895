import type { EventTable } from '../../telemetry/events.js';

/** Events of authorities. */
export const authoritiesEvents = {
  'device-registered-by-certificate': {
    level: 'info',
    happened: '`device` of `tenant` was registered when it showed a certificate of the authority number `authority`',
    action: 'nothing',
  },
  'device-not-registered-by-certificate': {
    level: 'warn',
    happened:
      '`device` of `tenant` showed a certificate of the authority number `authority` and was not registered (`cause`); its connection is refused. Said at most once a minute for an authority',
    action: 'raise `devices_max` of the authority by adding it anew, or ask who signs its certificates',
  },
} as const satisfies EventTable;
