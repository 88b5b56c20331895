import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject topics. */
export const topicsEvents = {
  'topic-not-published': {
    level: 'warn',
    happened: 'a topic takes no records (`cause`); they wait',
    action: 'bring the brokers back, or give the rights',
  },
  'topic-published-again': { level: 'info', happened: 'the topic takes records again', action: 'nothing' },
} as const satisfies EventTable;
