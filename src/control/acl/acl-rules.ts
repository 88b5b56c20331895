import type { TransactionSql } from 'postgres';
import type { AclRule } from '../../contract/acl/acl.js';
import { TenantAcl } from '../../contract/acl/tenant-acl.js';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import type { IdentityNews } from '../../contract/identity/news.js';
import { KeyedRows } from '../identity/keyed-rows.js';

/** A topic is compared with each of them. */
const TENANT_RULES_MAX = 500;

export type NewAclRule = Omit<AclRule, 'id'>;

interface RuleRow extends Pick<AclRule, 'id' | 'subject' | 'action' | 'filter' | 'effect'> {
  readonly tenant: string;
}

export interface AclRulesOptions {
  readonly database: Database;
  /** Resolves when every gateway acts on it. */
  readonly publish: (news: readonly IdentityNews[]) => Promise<void>;
  /** Tells other processes that the rules of a tenant changed. */
  readonly tell: (tenant: string) => Promise<void>;
}

/** The rules about topics of every tenant. */
export class AclRules {
  /** What the calls of this process decide by. */
  readonly acl = new TenantAcl();
  readonly #options: AclRulesOptions;
  readonly #rows: KeyedRows<string, AclRule>;

  constructor(options: AclRulesOptions) {
    this.#options = options;
    const publish = async (changed: readonly (readonly [string, readonly AclRule[]])[]) => {
      for (const [tenant, rules] of changed) this.acl.set(tenant, rules);
      await options.publish(changed.map(([tenant, rules]) => ({ subject: 'acl', tenant, rules })));
    };
    this.#rows = new KeyedRows({ read: (tenant) => this.#read(tenant), publish });
  }

  /** By age, oldest first. */
  of(tenant: string): readonly AclRule[] {
    return this.#rows.of(tenant);
  }

  all(): Iterable<readonly [string, readonly AclRule[]]> {
    return this.#rows.all();
  }

  refresh(tenant?: string): Promise<void> {
    return this.#rows.refresh(tenant);
  }

  restore(tenant: string, rules: readonly AclRule[]): Promise<void> {
    return this.#rows.restore(tenant, rules);
  }

  /** When it resolves, the gateways act on the rule. */
  async add(tenant: string, { subject, action, filter, effect }: NewAclRule): Promise<AclRule | ApiFailure> {
    const insert = async (sql: TransactionSql) => {
      await sql`lock table acl_rules in share row exclusive mode`;
      const [counted] = await sql<{ count: number }[]>`select count(*)::int as count from acl_rules where tenant_id = ${tenant}`;
      if ((counted?.count ?? 0) >= TENANT_RULES_MAX) return undefined;
      const [row] = await sql<{ id: number }[]>`insert into acl_rules (tenant_id, subject, action, filter, effect)
        values (${tenant}, ${subject}, ${action}, ${filter}, ${effect}) returning id`;
      return row?.id;
    };
    const id = (await this.#options.database.run((sql) => sql.begin(insert))) as number | undefined;
    if (id === undefined) return new ApiFailure('acl_rules_exhausted', 'make an ACL rule');
    await this.#changed(tenant);
    return { id, subject, action, filter, effect };
  }

  async remove(tenant: string, id: number): Promise<ApiFailure | undefined> {
    const deleted = await this.#options.database.run(
      (sql) => sql`delete from acl_rules where tenant_id = ${tenant} and id = ${id} returning id`,
    );
    if (deleted.length === 0) return new ApiFailure('acl_rule_unknown', `delete ACL rule ${id}`);
    await this.#changed(tenant);
    return undefined;
  }

  async #changed(tenant: string): Promise<void> {
    await this.refresh(tenant);
    await this.#options.tell(tenant);
  }

  async #read(tenant: string | undefined): Promise<(readonly [string, AclRule])[]> {
    const rows = await this.#options.database.run(
      (sql) => sql<RuleRow[]>`select id, tenant_id as tenant, subject, action, filter, effect from acl_rules
        where ${tenant ?? null}::text is null or tenant_id = ${tenant ?? null}::text order by id`,
    );
    return rows.map(({ tenant: of, id, subject, action, filter, effect }) => [of, { id, subject, action, filter, effect }]);
  }
}
