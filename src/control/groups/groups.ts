import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import { recordChange } from '../audit/record.js';
import { DEPTH_MAX, type Group } from './group.js';
import { deleteGroup, insertGroup, loadGroups, updateGroup } from './group-rows.js';
import { GroupTree } from './group-tree.js';

export const TENANT_GROUPS_MAX = 10_000;

export interface GroupChange {
  readonly name?: string | undefined;
  /** Number or path of the group that it is put into; null: it is in none. */
  readonly parent?: string | null | undefined;
  readonly description?: string | null | undefined;
}

/** The groups of every tenant as the database has them. */
export class Groups {
  readonly #database: Database;
  #tenants = new Map<string, GroupTree>();
  #reading: Promise<void> = Promise.resolve();
  /** Tells other processes that the groups of a tenant changed. */
  tell: (tenant: string) => Promise<void> = async () => {};

  /** Without any group until `refresh`. */
  constructor(database: Database) {
    this.#database = database;
  }

  of(tenant: string): GroupTree {
    return this.#tenants.get(tenant) ?? new GroupTree([]);
  }

  /** Takes up what is in the database, of one tenant or of all. Of two readings the later one counts. */
  refresh(tenant?: string): Promise<void> {
    const reading = this.#reading.then(async () => this.#take(await this.#database.run((sql) => loadGroups(sql, tenant)), tenant));
    this.#reading = reading.catch(() => {});
    return reading;
  }

  #take(groups: readonly Group[], tenant: string | undefined): void {
    const byTenant = new Map<string, Group[]>();
    for (const group of groups) {
      const own = byTenant.get(group.tenant) ?? [];
      own.push(group);
      byTenant.set(group.tenant, own);
    }
    if (tenant === undefined) this.#tenants = new Map();
    else this.#tenants.delete(tenant);
    for (const [name, own] of byTenant) this.#tenants.set(name, new GroupTree(own));
  }

  /** Makes a group; its path must be free. */
  create(tenant: string, name: string, { parent, description = null }: GroupChange): Promise<Group | ApiFailure> {
    const attempt = `make group ${name}`;
    return this.#edit(tenant, async (tree, sql) => {
      const above = parent === null || parent === undefined ? undefined : tree.find(parent);
      if (parent && !above) return new ApiFailure('group_unknown', attempt, `parent ${parent} is no group of the tenant`);
      const group = { tenant, name, parent: above?.number ?? 0, description };
      const problem = problemOf(tree, { ...group, number: 0 }, attempt);
      if (problem) return problem;
      const made = await insertGroup(sql, group);
      await recordChange(sql, { tenant, target: `group ${name}`, after: made });
      return made;
    });
  }

  change(tenant: string, named: string, change: GroupChange): Promise<Group | ApiFailure> {
    const attempt = `change group ${named}`;
    return this.#edit(tenant, async (tree, sql) => {
      const group = tree.find(named);
      if (!group) return new ApiFailure('group_unknown', attempt);
      const above = change.parent === null || change.parent === undefined ? undefined : tree.find(change.parent);
      if (change.parent && !above) return new ApiFailure('group_unknown', attempt, `parent ${change.parent} is no group of the tenant`);
      const { name = group.name, description = group.description } = change;
      const changed = { ...group, name, description, parent: change.parent === undefined ? group.parent : (above?.number ?? 0) };
      const problem = problemOf(tree, changed, attempt);
      if (problem) return problem;
      await updateGroup(sql, changed);
      await recordChange(sql, { tenant, target: `group ${group.name}`, before: group, after: changed });
      return changed;
    });
  }

  /** Deletes a group in which no other is; numbers of devices that still name it mean nothing from then on. */
  remove(tenant: string, named: string): Promise<Group | ApiFailure> {
    const attempt = `delete group ${named}`;
    return this.#edit(tenant, async (tree, sql) => {
      const group = tree.find(named);
      if (!group) return new ApiFailure('group_unknown', attempt);
      if (tree.subtree(group.number).size > 1) return new ApiFailure('group_not_empty', attempt);
      await deleteGroup(sql, group.number);
      await recordChange(sql, { tenant, target: `group ${group.name}`, before: group });
      return group;
    });
  }

  /** Changes the groups of a tenant, which no other process changes meanwhile. */
  async #edit(tenant: string, work: (tree: GroupTree, sql: TransactionSql) => Promise<Group | ApiFailure>): Promise<Group | ApiFailure> {
    const transaction = async (sql: TransactionSql) => {
      await sql`lock table device_groups in share row exclusive mode`;
      return work(new GroupTree(await loadGroups(sql, tenant)), sql);
    };
    const edited = (await this.#database.run((sql) => sql.begin(transaction))) as Group | ApiFailure;
    if (edited instanceof ApiFailure) return edited;
    await this.refresh(tenant);
    await this.tell(tenant);
    return edited;
  }
}

/** Why the groups of a tenant cannot be so. */
function problemOf(tree: GroupTree, group: Omit<Group, 'createdAtMs'>, attempt: string): ApiFailure | undefined {
  const isNew = group.number === 0;
  if (isNew && tree.size >= TENANT_GROUPS_MAX) return new ApiFailure('groups_exhausted', attempt);
  const taken = tree.child(group.parent, group.name);
  if (taken && taken.number !== group.number) return new ApiFailure('group_exists', attempt);
  if (!isNew && tree.subtree(group.number).has(group.parent)) return new ApiFailure('group_cycle', attempt);
  const depth = tree.depth(group.parent) + (isNew ? 1 : tree.height(group.number));
  return depth > DEPTH_MAX ? new ApiFailure('body_invalid', attempt, `groups must not nest deeper than ${DEPTH_MAX} levels`) : undefined;
}
