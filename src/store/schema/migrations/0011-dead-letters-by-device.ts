import { inBoth, type Migration } from './migration.js';

/** Dead letters of a device, newest first, are found without passing through those of all others. */
export const deadLettersByDevice: Migration = {
  version: 11,
  name: 'dead letters by device',
  statements: inBoth('create index dead_letters_by_device on dead_letters (device_id, received_at desc, id desc)'),
};
