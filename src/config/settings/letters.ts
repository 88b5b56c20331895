import { setting, type ValuesOf, whole } from '../setting.js';

const LETTERS_HIGHEST = 1_000_000_000;
const MIB_HIGHEST = 1_048_576;
const OLDEST_GO = 'Above it the oldest are removed, counted and reported.';

/** How many dead letters are kept. */
export const letterSettings = {
  daysMax: setting('dead_letters_days', whole(1, 36_500, 'days'), {
    fallback: 90,
    what: 'How long a dead letter is kept after its message came, whether it was tried again or not.',
  }),
  lettersMax: setting('dead_letters_max', whole(1, LETTERS_HIGHEST), {
    fallback: 10_000_000,
    what: `Dead letters that are kept in all. ${OLDEST_GO}`,
  }),
  mibMax: setting('dead_letters_mib', whole(1, MIB_HIGHEST, 'MiB'), {
    fallback: 10_240,
    what: `MiB of payloads in dead letters that are kept in all. ${OLDEST_GO}`,
  }),
  tenantLettersMax: setting('dead_letters_tenant_max', whole(1, LETTERS_HIGHEST), {
    fallback: 2_000_000,
    what: `Dead letters that are kept of one tenant. ${OLDEST_GO}`,
  }),
  tenantMibMax: setting('dead_letters_tenant_mib', whole(1, MIB_HIGHEST, 'MiB'), {
    fallback: 2048,
    what: `MiB of payloads in dead letters that are kept of one tenant. ${OLDEST_GO}`,
  }),
};

export type LetterConfig = ValuesOf<typeof letterSettings>;
