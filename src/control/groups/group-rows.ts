import type { Sql, TransactionSql } from 'postgres';
import type { Group } from './group.js';

interface GroupRow {
  readonly id: number;
  readonly tenant_id: string;
  readonly name: string;
  readonly parent_id: number | null;
  readonly description: string | null;
  readonly created_at: Date;
}

/** The groups of a tenant, or of all. */
export async function loadGroups(sql: Sql | TransactionSql, tenant: string | undefined): Promise<Group[]> {
  const rows = await (sql as Sql)<GroupRow[]>`
    select id, tenant_id, name, parent_id, description, created_at from device_groups
    where ${tenant ?? null}::text is null or tenant_id = ${tenant ?? null}::text order by id`;
  return rows.map(groupOf);
}

export async function insertGroup(sql: TransactionSql, group: Omit<Group, 'number' | 'createdAtMs'>): Promise<Group> {
  const { tenant, name, parent, description } = group;
  const [row] = await sql<[GroupRow]>`
    insert into device_groups (tenant_id, name, parent_id, description)
    values (${tenant}, ${name}, nullif(${parent}::int, 0), ${description}) returning *`;
  return groupOf(row);
}

export async function updateGroup(sql: TransactionSql, { number, name, parent, description }: Group): Promise<void> {
  await sql`update device_groups set name = ${name}, parent_id = nullif(${parent}::int, 0), description = ${description} where id = ${number}`;
}

export async function deleteGroup(sql: TransactionSql, number: number): Promise<void> {
  await sql`delete from device_groups where id = ${number}`;
}

function groupOf(row: GroupRow): Group {
  const { id: number, tenant_id: tenant, name, parent_id: parent, description, created_at: at } = row;
  return { number, tenant, name, parent: parent ?? 0, description, createdAtMs: at.getTime() };
}
