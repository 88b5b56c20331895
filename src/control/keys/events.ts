import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject keys. */
export const keysEvents = {
  'admin-key-revoked': {
    level: 'warn',
    happened: '`SPILLWAY_ADMIN_KEY`, or `admin-key` in the state folder, is a key that was revoked; it stays refused',
    action: 'sign in with another key, and give that one to the setting',
  },
} as const satisfies EventTable;
