import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject Sparkplug. */
export const sparkplugEvents = {
  'rebirth-not-asked': {
    level: 'warn',
    happened:
      'an edge node of `tenant` should publish its births again, because metrics of it are named by aliases that no birth defines or messages of it are missing, and the command on `topic` reached nobody (`cause`)',
    action:
      'let the edge node subscribe to its command topic, as Sparkplug asks for, at this process; or start it again, so that it publishes its births',
  },
} as const satisfies EventTable;
