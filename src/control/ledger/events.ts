import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject ledger. */
export const ledgerEvents = {
  'device-rejected': {
    level: 'warn',
    happened:
      'a message of `device` was rejected for `code`, on `topic` where it came over MQTT; one line a device in ten minutes, ten lines a second',
    action: 'look the code up in [REFUSALS.md](REFUSALS.md); `GET /v1/devices/{id}/ledger` has the counts and the last rejection',
  },
  'ledger-balanced': { level: 'info', happened: 'the ledger balances again', action: 'nothing' },
  'ledger-unbalanced': {
    level: 'error',
    happened: 'messages are missing or doubled between two places (`found`)',
    action: 'keep log and database as they are and report it: this must not happen',
  },
} as const satisfies EventTable;
