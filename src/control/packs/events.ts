import type { EventTable } from '../../telemetry/events.js';

/** Events of the subject packs. */
export const packsEvents = {
  'pack-installed': {
    level: 'info',
    happened:
      'version `version` of a device pack (`pack`) was installed in `tenants` tenants, `tenant` being the first; `signed_by` names the key',
    action: 'nothing; `npx spillway pack show PACK` says what it made, and `npx spillway pack remove PACK` takes that away',
  },
  'pack-rolled-back': {
    level: 'warn',
    happened: 'the version of a device pack (`pack`, `tenant`) that was installed before version `from` is in use again (`version`)',
    action: 'ask whoever made the pack for a mended version, and install that',
  },
  'pack-removed': {
    level: 'info',
    happened: 'a device pack (`pack`, `tenant`, `version`) was removed with what it made, but for what `stays` names',
    action: 'nothing; devices and their data stay. Messages on topics that no rule reads any more are refused',
  },
  'pack-refused': {
    level: 'warn',
    happened: 'a device pack was not installed: `code` and `cause` say why',
    action: 'look the code up in deploy/REFUSALS.md; `npx spillway pack verify FILE` reports on the whole file',
  },
} as const satisfies EventTable;
