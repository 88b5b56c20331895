import type { EventTable } from '../telemetry/events.js';

/** Events of the state folder. */
export const stateEvents = {
  'database-older-than-log': {
    level: 'warn',
    happened:
      'the database was restored from a backup that is older than the log in the state folder: `devicesLost` and `metricsLost` numbers were given out since the backup and are skipped',
    action:
      'register the lost devices again; their messages are dead letters (`device_lost`). See [below](#the-database-was-restored-or-replaced)',
  },
  'tls-files-renewed': {
    level: 'info',
    happened: 'the files of TLS have changed, and connections from now on are shown the new certificate, which is valid until `valid_to`',
    action: 'nothing',
  },
  'tls-files-not-used': {
    level: 'error',
    happened: 'the files of TLS have changed and cannot be used (`cause`); the certificate, key and authorities of before stay in use',
    action: 'put a certificate and its key there; they are looked at again when they change, and on SIGHUP',
  },
} as const satisfies EventTable;
