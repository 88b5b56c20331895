import type { EventTable } from '../../telemetry/events.js';

/** Events of names of metrics. */
export const metricEvents = {
  'metric-names-refused': {
    level: 'warn',
    happened:
      'device `device` of tenant `tenant` brings more names of metrics than `limit` has room for (`max`), such as `names`: readings of them are left out, those of known names are stored. Once an hour for each limit that is reached',
    action:
      'see who brings the names (`GET /v1/metric-names`). Where a name holds what changes (an id, a time), mend the device or its topic rule; else raise `SPILLWAY_METRIC_NAMES_…`',
  },
} as const satisfies EventTable;
