import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject topic rules. */
export const topicRulesEvents = {
  'topic-rule-not-used': {
    level: 'warn',
    happened:
      'the database has a topic rule (`tenant`, `rule`) that this build cannot use (`cause`); its topics are read by the rules after it',
    action: 'run the newer build that made the rule, or replace it: `PUT /v1/topic-rules/{name}`',
  },
} as const satisfies EventTable;
