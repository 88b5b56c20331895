import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject shadow runs. */
export const shadowEvents = {
  'shadow-run-ended': {
    level: 'info',
    happened:
      'a candidate (`candidate`, `subject`) was run beside what is active over `messages` messages of the log, of which `same` came out the same; with `cause` it failed',
    action: 'read the report: `npx spillway shadow show RUN`; activate the candidate, or mend it',
  },
} as const satisfies EventTable;
