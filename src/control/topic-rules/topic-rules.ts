import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import { builtInRules } from '../../contract/topic-rules/built-in.js';
import { ruleProblem } from '../../contract/topic-rules/rule-set.js';
import { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import type { TopicRule } from '../../contract/topic-rules/topic-rule.js';
import type { Report } from '../../telemetry/report.js';
import type { topicRulesEvents } from './events.js';
import { formOf, type RuleForm, ruleOf } from './input.js';

/** A topic is compared with one rule after the other. */
const TENANT_RULES_MAX = 100;
/** Every gateway thread holds all of them. */
const RULES_MAX = 10_000;

const builtInNames: ReadonlySet<string> = new Set(builtInRules.map(({ name }) => name));

interface RuleRow {
  readonly tenant: string;
  readonly name: string;
  readonly rule: string;
}

/** What a tenant has of its own, and the names of built-in packs that it does without. */
export interface RulesOfTenant {
  readonly rules: readonly TopicRule[];
  readonly off: readonly string[];
}

const NOTHING: RulesOfTenant = { rules: [], off: [] };

export interface TopicRulesOptions {
  readonly database: Database;
  /** Hands the rules of a tenant to the gateways. */
  readonly publish: (tenant: string, rules: readonly TopicRule[], off: readonly string[]) => void;
  readonly event: Report<keyof typeof topicRulesEvents>;
}

/** The rules of every tenant as the database has them, in their order; the gateways and the calls of this process follow them. */
export class TopicRules {
  static async load(options: TopicRulesOptions): Promise<TopicRules> {
    const rules = new TopicRules(options);
    await rules.refresh();
    return rules;
  }

  /** The rules as they were when the database was last there; `refresh` follows once it is. */
  static restore(options: TopicRulesOptions, kept: Iterable<readonly [string, RulesOfTenant]>): TopicRules {
    const rules = new TopicRules(options);
    for (const [tenant, own] of kept) rules.#take(tenant, own);
    return rules;
  }

  /** What the calls of this process read topics by. */
  readonly rules = new TenantRules();
  readonly #options: TopicRulesOptions;
  readonly #own = new Map<string, RulesOfTenant>();
  #reading: Promise<void> = Promise.resolve();
  /** Tells other processes that the rules of a tenant changed. */
  tell: (tenant: string) => Promise<void> = async () => {};
  /** Called when the rules of a tenant changed. */
  changed: (tenant: string) => void = () => {};

  private constructor(options: TopicRulesOptions) {
    this.#options = options;
  }

  /** A tenant's own rules, in the order in which they are tried. */
  of(tenant: string): readonly TopicRule[] {
    return this.keptOf(tenant).rules;
  }

  /** Names of the built-in packs that a tenant does without. */
  offOf(tenant: string): readonly string[] {
    return this.keptOf(tenant).off;
  }

  keptOf(tenant: string): RulesOfTenant {
    return this.#own.get(tenant) ?? NOTHING;
  }

  kept(): Iterable<readonly [string, RulesOfTenant]> {
    return this.#own;
  }

  /** Switches a built-in pack on or off for a tenant, with what `note` writes in the same transaction. */
  async setBuiltIn(tenant: string, name: string, isOn: boolean, note: (sql: TransactionSql) => Promise<void>): Promise<void> {
    const work = async (sql: TransactionSql) => {
      if (isOn) await sql`delete from built_in_packs_off where tenant_id = ${tenant} and name = ${name}`;
      else await sql`insert into built_in_packs_off (tenant_id, name) values (${tenant}, ${name}) on conflict do nothing`;
      await note(sql);
    };
    await this.#options.database.run((sql) => sql.begin(work));
    await this.announce(tenant);
  }

  /** Takes up what is in the database, of one tenant or of all. Of two readings the later one counts. */
  refresh(tenant?: string): Promise<void> {
    const reading = this.#reading.then(() => this.#read(tenant));
    this.#reading = reading.catch(() => {});
    return reading;
  }

  /** `position`, from 1 on: the place among the tenant's rules; absent or beyond them: the last. */
  async add(tenant: string, rule: TopicRule, position?: number): Promise<TopicRule | ApiFailure> {
    const attempt = `make topic rule ${rule.name}`;
    const added = (rules: readonly TopicRule[]) => {
      if (builtInNames.has(rule.name) || rules.some(({ name }) => name === rule.name)) return new ApiFailure('topic_rule_exists', attempt);
      return rules.toSpliced((position ?? rules.length + 1) - 1, 0, rule);
    };
    return (await this.#edit(attempt, tenant, added)) ?? rule;
  }

  /** Replaces the rule of the same name; without a `position` it stays at its place. */
  async replace(tenant: string, rule: TopicRule, position?: number): Promise<TopicRule | ApiFailure> {
    const attempt = `replace topic rule ${rule.name}`;
    const replaced = (rules: readonly TopicRule[]) => {
      const at = rules.findIndex(({ name }) => name === rule.name);
      if (at < 0) return new ApiFailure('topic_rule_unknown', attempt);
      return rules.toSpliced(at, 1).toSpliced((position ?? at + 1) - 1, 0, rule);
    };
    return (await this.#edit(attempt, tenant, replaced)) ?? rule;
  }

  async remove(tenant: string, name: string): Promise<ApiFailure | undefined> {
    const attempt = `delete topic rule ${name}`;
    return this.#edit(attempt, tenant, (rules) => {
      const left = rules.filter((rule) => rule.name !== name);
      return left.length < rules.length ? left : new ApiFailure('topic_rule_unknown', attempt);
    });
  }

  /**
   * Changes the rules of a tenant within a transaction, which locks them; `edit` is given those that the database has. Call `announce`
   * once the transaction is committed.
   */
  async editIn(
    sql: TransactionSql,
    attempt: string,
    tenant: string,
    edit: (rules: readonly TopicRule[]) => readonly TopicRule[] | ApiFailure,
  ): Promise<ApiFailure | undefined> {
    await sql`lock table topic_rules in share row exclusive mode`;
    const [counted] = await sql<{ total: number }[]>`select count(*)::int as total from topic_rules`;
    const before = (await rowsOf(sql, tenant)).map(({ name, rule }) => ruleOf(name, JSON.parse(rule) as RuleForm));
    const after = edit(before);
    if (after instanceof ApiFailure) return after;
    const added = after.length - before.length;
    if (added > 0 && after.length > TENANT_RULES_MAX) return new ApiFailure('topic_rules_exhausted', attempt);
    if (added > 0 && (counted?.total ?? 0) + added > RULES_MAX) {
      return new ApiFailure('topic_rules_exhausted', attempt, `all tenants have ${RULES_MAX} topic rules together`);
    }
    await sql`delete from topic_rules where tenant_id = ${tenant}`;
    const [names, forms] = [after.map(({ name }) => name), after.map((rule) => JSON.stringify(formOf(rule)))];
    await sql`insert into topic_rules (tenant_id, name, position, rule)
      select ${tenant}, name, position, rule::jsonb from unnest(${names}::text[], ${forms}::text[]) with ordinality as laid (name, rule, position)`;
    return undefined;
  }

  /** Takes up what a transaction made of the rules of a tenant, and tells other processes. */
  async announce(tenant: string): Promise<void> {
    await this.refresh(tenant);
    await this.tell(tenant);
  }

  async #edit(
    attempt: string,
    tenant: string,
    edit: (rules: readonly TopicRule[]) => readonly TopicRule[] | ApiFailure,
  ): Promise<ApiFailure | undefined> {
    const work = (sql: TransactionSql) => this.editIn(sql, attempt, tenant, edit);
    const failure = (await this.#options.database.run((sql) => sql.begin(work))) as ApiFailure | undefined;
    if (failure) return failure;
    await this.announce(tenant);
    return undefined;
  }

  async #read(tenant: string | undefined): Promise<void> {
    const [rows, switched] = await this.#options.database.run((sql) =>
      sql.begin(async (tx) => [await rowsOf(tx, tenant), await offRowsOf(tx, tenant)] as const),
    );
    const found = new Map<string, { rules: TopicRule[]; off: string[] }>();
    const ownOf = (name: string) => {
      const own = found.get(name) ?? { rules: [], off: [] };
      found.set(name, own);
      return own;
    };
    for (const known of tenant === undefined ? this.#own.keys() : [tenant]) ownOf(known);
    for (const row of rows) ownOf(row.tenant).rules.push(ruleOf(row.name, JSON.parse(row.rule) as RuleForm));
    for (const row of switched) ownOf(row.tenant).off.push(row.name);
    for (const [name, own] of found) this.#take(name, own);
  }

  #take(tenant: string, own: RulesOfTenant): void {
    if (JSON.stringify(own) === JSON.stringify(this.keptOf(tenant))) return;
    const { rules, off } = own;
    if (rules.length === 0 && off.length === 0) this.#own.delete(tenant);
    else this.#own.set(tenant, own);
    const usable = rules.filter((rule) => {
      const cause = ruleProblem(rule);
      if (cause !== undefined) this.#options.event('warn', 'topic-rule-not-used', { tenant, rule: rule.name, cause });
      return cause === undefined;
    });
    this.rules.set(tenant, usable, off);
    this.#options.publish(tenant, usable, off);
    this.changed(tenant);
  }
}

type Statements = Parameters<Parameters<Database['run']>[0]>[0] | TransactionSql;

function offRowsOf(sql: TransactionSql, tenant: string | undefined): Promise<{ tenant: string; name: string }[]> {
  return sql<{ tenant: string; name: string }[]>`select tenant_id as tenant, name from built_in_packs_off
    where ${tenant ?? null}::text is null or tenant_id = ${tenant ?? null}::text order by tenant_id, name`;
}

function rowsOf(sql: Statements, tenant: string | undefined): Promise<RuleRow[]> {
  return (sql as TransactionSql)<RuleRow[]>`select tenant_id as tenant, name, rule::text as rule from topic_rules
    where ${tenant ?? null}::text is null or tenant_id = ${tenant ?? null}::text order by tenant_id, position`;
}
