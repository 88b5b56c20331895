import type { Sql } from 'postgres';
import type { Database } from '../contract/database.js';
import type { DatabaseIdentity, IdentityPort, NumberRange } from '../contract/database-identity.js';

/** The id of a database and the numbers that it gave out, in the database itself. */
export class StoredIdentity implements IdentityPort {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  read(): Promise<DatabaseIdentity> {
    return this.#database.run(readIdentity);
  }

  async renew(): Promise<string> {
    const [row] = await this.#database.run((sql) => sql`update database_identity set id = gen_random_uuid() returning id::text`);
    return row?.id;
  }

  async noteMarkedLog(): Promise<void> {
    await this.#database.run((sql) => sql`update database_identity set log_is_marked = true`);
  }

  async skipNumbers({ devices, metrics }: Pick<DatabaseIdentity, 'devices' | 'metrics'>): Promise<void> {
    const known = await this.read();
    // Lost before they are skipped: a start that ends between the two finds the same numbers again.
    if (devices > known.devices) {
      await this.#database.run(
        (sql) => sql`insert into lost_devices (first_number, last_number) values (${known.devices + 1}, ${devices})
          on conflict (first_number) do update set last_number = greatest(lost_devices.last_number, excluded.last_number)`,
      );
    }
    await this.#database.run(
      (sql) => sql`select setval(pg_get_serial_sequence('devices', 'id'), ${Math.max(devices, known.devices, 1)}::int),
        setval(pg_get_serial_sequence('metrics', 'id'), ${Math.max(metrics, known.metrics, 1)}::int)`,
    );
  }

  /** Numbers of devices that a log may hold and that the database has lost. */
  async lostDevices(): Promise<NumberRange[]> {
    const rows = await this.#database.run((sql) => sql`select first_number, last_number from lost_devices order by first_number`);
    return rows.map((row) => [row.first_number, row.last_number]);
  }
}

/** As `readIdentity`, also of a database that no Spillway or only an earlier one has seen: undefined. It writes nothing. */
export async function findIdentity(sql: Sql): Promise<DatabaseIdentity | undefined> {
  const [row] = await sql`select to_regclass('database_identity') is not null as found`;
  return row?.found ? readIdentity(sql) : undefined;
}

/** The sequences as well as the rows: a number that was given out is used, even where its row is gone. */
async function readIdentity(sql: Sql): Promise<DatabaseIdentity> {
  const [row] = await sql`
    select id::text, log_is_marked,
      greatest((select max(id) from devices), (select last_value from devices_id_seq where is_called), 0)::int as devices,
      greatest((select max(id) from metrics), (select last_value from metrics_id_seq where is_called), 0)::int as metrics
    from database_identity`;
  if (!row) throw new Error('cannot read the identity of the database: its table database_identity is empty; restore the database');
  return { id: row.id, takesUnmarkedLog: !row.log_is_marked, devices: row.devices, metrics: row.metrics };
}
