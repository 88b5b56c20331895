import type { Sql, TransactionSql } from 'postgres';

/** What a server offers and what a database already is, as far as the choice of a dialect needs it. */
export interface Capabilities {
  readonly postgres: string;
  readonly tables: 'none' | 'partitioned' | 'hypertable' | 'other';
  readonly timescale: {
    /** Its library is in shared_preload_libraries: without that, making the extension ends the connection. */
    readonly preloaded: boolean;
    readonly installed: string | undefined;
    readonly available: string | undefined;
    /** Whether this user may make the extension in this database. */
    readonly creatable: boolean;
    /** `timescale`, or `apache`: without compression. Unknown until the extension is installed. */
    readonly license: string | undefined;
    /** The server can compress the rows of a COPY as they come, and be told not to sort them. */
    readonly directCompress: boolean;
    /** A b-tree brings a Bloom filter over its columns to every compressed row, which can be switched off. */
    readonly bloom: boolean;
  };
}

/** The first version whose COPY compresses as rows come. */
const VERSION_MIN = '2.21';

export type Choice =
  | { readonly dialect: 'postgres'; readonly why: string }
  | { readonly dialect: 'timescale'; readonly directCompress: boolean; readonly why: string };

export async function findCapabilities(sql: Sql | TransactionSql): Promise<Capabilities> {
  // Naming the extension's catalog loads its library, and with it the settings that are read next.
  const [server] = await sql`
    select current_setting('server_version') as postgres,
      (select relkind::text from pg_class where oid = to_regclass('readings')) as readings,
      current_setting('timescaledb.disable_load', true) is not null as preloaded,
      (select extversion from pg_extension where extname = 'timescaledb') as installed,
      (select default_version from pg_available_extensions where name = 'timescaledb') as available,
      has_database_privilege(current_database(), 'create') and exists (
        select from pg_available_extensions join pg_available_extension_versions using (name)
        where name = 'timescaledb' and version = default_version
          and (trusted or (select rolsuper from pg_roles where rolname = current_user))) as creatable`;
  const installed: string | undefined = server?.installed ?? undefined;
  const [extension] =
    installed === undefined
      ? []
      : await sql`
        select exists (
            select from timescaledb_information.hypertables
            where format('%I.%I', hypertable_schema, hypertable_name)::regclass = to_regclass('readings')) as hypertable,
          current_setting('timescaledb.license', true) as license,
          current_setting('timescaledb.enable_direct_compress_copy_sort_batches', true) is not null as direct_compress,
          current_setting('timescaledb.enable_sparse_index_bloom', true) is not null as bloom`;
  const kinds: Record<string, Capabilities['tables']> = { p: 'partitioned', v: 'partitioned' };
  return {
    postgres: server?.postgres,
    tables: server?.readings ? (extension?.hypertable ? 'hypertable' : (kinds[server.readings] ?? 'other')) : 'none',
    timescale: {
      preloaded: server?.preloaded,
      installed,
      available: server?.available ?? undefined,
      creatable: server?.creatable,
      license: extension?.license ?? undefined,
      directCompress: extension?.direct_compress ?? false,
      bloom: extension?.bloom ?? false,
    },
  };
}

/**
 * The dialect is that of the tables, where there are any; of an empty database, TimescaleDB where it can
 * compress as rows come. Answers undefined for tables that neither dialect made.
 */
export function chooseDialect({ tables, timescale }: Capabilities): Choice | undefined {
  const { installed, available, preloaded, creatable } = timescale;
  const version = installed ?? available;
  const lack = lackOf(timescale);
  if (tables === 'other') return undefined;
  if (tables === 'hypertable') {
    return {
      dialect: 'timescale',
      directCompress: lack === '',
      why: lack === '' ? 'readings is a hypertable' : `readings is a hypertable, but ${lack}: rows are compressed when their chunk closes`,
    };
  }
  if (tables === 'partitioned') {
    const why = version === undefined ? '' : `; TimescaleDB ${version} is there, for a new database`;
    return { dialect: 'postgres', why: `readings is partitioned${why}` };
  }
  if (version === undefined) return { dialect: 'postgres', why: 'the server has no TimescaleDB' };
  if (installed === undefined && !preloaded) return { dialect: 'postgres', why: 'TimescaleDB is not in shared_preload_libraries' };
  if (olderThan(version, VERSION_MIN)) return { dialect: 'postgres', why: `TimescaleDB ${version} is older than ${VERSION_MIN}` };
  if (installed === undefined && !creatable) return { dialect: 'postgres', why: 'the user may not make the extension timescaledb' };
  if (installed !== undefined && lack !== '') return { dialect: 'postgres', why: lack };
  return { dialect: 'timescale', directCompress: true, why: `TimescaleDB ${version} compresses rows as they come` };
}

/** Why an installed TimescaleDB cannot compress as rows come; empty when it can. */
function lackOf({ installed, license, directCompress }: Capabilities['timescale']): string {
  if (license !== 'timescale') return `timescaledb.license is ${license}: no compression`;
  return directCompress ? '' : `TimescaleDB ${installed} is older than ${VERSION_MIN}`;
}

/** Compares the first two numbers of versions. */
export function olderThan(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number);
  return major !== leastMajor ? major < leastMajor : minor < leastMinor;
}
