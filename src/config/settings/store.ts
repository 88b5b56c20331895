import { choice, setting, text, type ValuesOf, whole } from '../setting.js';

/** The database that rows are stored in. */
export const storeSettings = {
  databaseUrl: setting(
    'database_url',
    { ...text('postgres://user:password@host:port/database', isPostgresUrl, 'must be a PostgreSQL URL'), is: 'url' },
    { shownDefault: 'embedded', what: '`postgres://user:password@host:port/database`.' },
  ),
  batchAgeMsMax: setting('batch_age_ms', whole(1, 60_000, 'ms'), {
    fallback: 200,
    what: 'Rows go to the database within this time, ms, partition after partition, or once it is done with earlier ones: the busier it is, the larger the batches.',
  }),
  kind: setting('store', choice('database', 'null'), {
    fallback: 'database',
    what: '`null` counts rows and throws them away: for benches only.',
  }),
};

export type StoreConfig = ValuesOf<typeof storeSettings>;

function isPostgresUrl(value: string): boolean {
  return URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol);
}
