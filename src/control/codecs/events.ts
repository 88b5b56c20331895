import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject codecs. */
export const codecsEvents = {
  'codec-failed': {
    level: 'warn',
    happened:
      'a codec (`codec`) gave no readings for messages, which became dead letters; the other fields count them by code. It is reported once a minute for each codec',
    action:
      'list the letters by the code: `npx spillway dead-letters list --reason CODE`; try one with `npx spillway codec test`, upload a mended version, name it in a new version of the schema, and replay the letters',
  },
} as const satisfies EventTable;
