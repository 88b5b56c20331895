import { isDeepStrictEqual } from 'node:util';
import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import { codecFormat } from '../../contract/codecs/codec-name.js';
import type { TopicRule } from '../../contract/topic-rules/topic-rule.js';
import { deleteCodec, lockCodecs, selectCodecs, selectUsers } from '../codecs/codec-rows.js';
import type { Codecs } from '../codecs/codecs.js';
import { retireSchema, selectSchemas } from '../schemas/schema-rows.js';
import { latestOf, type Schema } from '../schemas/schema-version.js';
import type { Schemas } from '../schemas/schemas.js';
import { formOf, ruleOf } from '../topic-rules/input.js';
import type { TopicRules } from '../topic-rules/topic-rules.js';
import type { PackContent } from './content.js';
import { type InstalledPack, lockPacks, type MadeByPack } from './pack-rows.js';

export interface Subjects {
  readonly codecs: Pick<Codecs, 'addIn'>;
  readonly schemas: Pick<Schemas, 'addIn' | 'of' | 'announce'>;
  readonly topicRules: Pick<TopicRules, 'editIn' | 'of' | 'announce' | 'rules'>;
}

/** Rolls the transaction back in which it is thrown. */
export class Refused extends Error {
  readonly failure: ApiFailure;

  constructor(failure: ApiFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** What a tenant has of its own. */
export interface TenantState {
  readonly rules: readonly TopicRule[];
  readonly schemas: readonly Schema[];
  readonly codecNames: ReadonlySet<string>;
}

const NOTHING: MadeByPack = { rules: [], schemas: [], codec: null };

/** Locks packs, schemas, codecs and topic rules, in the order in which others lock the last three. */
export async function lockAll(sql: TransactionSql): Promise<void> {
  await lockPacks(sql);
  await lockCodecs(sql);
  await sql`lock table topic_rules in share row exclusive mode`;
}

/** Things of the tenant's own that have the place of what the pack brings, or that were changed since the pack made them. */
export function conflictsOf(content: PackContent, before: InstalledPack | undefined, state: TenantState): string[] {
  const { rules: ownRules, schemas: ownSchemas, codec: ownCodec } = before?.made ?? NOTHING;
  const found: string[] = [];
  const named = new Set(content.topicRules.map(({ name }) => name));
  for (const rule of state.rules) {
    const made = ownRules.find(({ name }) => name === rule.name);
    if (made && !isAsMade(rule, made)) found.push(`topic rule ${rule.name} was changed after the pack made it`);
    else if (!made && named.has(rule.name)) found.push(`topic rule ${rule.name} is the tenant's own`);
  }
  for (const { firmwareVersion } of content.schemas) {
    const schema = schemaFor(state.schemas, content.deviceClass, firmwareVersion);
    const made = schema && ownSchemas.find(({ id }) => id === schema.id);
    const title = `the schema of class ${content.deviceClass} and firmware ${firmwareVersion}`;
    if (schema && !made) found.push(`${title} is the tenant's own`);
    else if (schema && made && latestOf(schema).version !== made.version) found.push(`${title} has versions that the pack did not make`);
  }
  const { codec } = content;
  if (codec && codec.name !== ownCodec?.name && state.codecNames.has(codec.name)) found.push(`codec ${codec.name} is the tenant's own`);
  return found;
}

/** Makes in the tenant what the pack says, in the place of what its version before made. Throws Refused. */
export async function makeIn(
  sql: TransactionSql,
  { codecs, schemas, topicRules }: Subjects,
  attempt: string,
  { tenant, content, before, isBack }: { tenant: string; content: PackContent; before: InstalledPack | undefined; isBack: boolean },
): Promise<MadeByPack> {
  const { codec, deviceClass = '', schemas: wanted, topicRules: rules } = content;
  const madeBefore = before?.made ?? NOTHING;
  const conflicts = conflictsOf(content, before, await stateIn(sql, tenant));
  if (conflicts.length > 0) throw new Refused(new ApiFailure('pack_conflict', attempt, conflicts.join('; ')));
  const made = codec && taken(await codecs.addIn(sql, attempt, { tenant, ...codec }));
  const ids: { id: string; firmwareVersion: string }[] = [];
  for (const { format, isMajor, ...schema } of wanted) {
    const written = format === 'codec' && made ? codecFormat(made) : (format as Exclude<typeof format, 'codec'>);
    // What went before is compatible with what came after it only by chance.
    const input = { tenant, deviceClass, ...schema, format: written, isMajor: isBack || isMajor };
    const all = await selectSchemas(sql);
    ids.push({ id: taken(await schemas.addIn(sql, attempt, input, all)), firmwareVersion: schema.firmwareVersion });
  }
  const kept = new Set(ids.map(({ id }) => id));
  for (const { id } of madeBefore.schemas) if (!kept.has(id)) await retireSchema(sql, id);
  const old = new Set(madeBefore.rules.map(({ name }) => name));
  const edit = (own: readonly TopicRule[]) => replaced(own, old, rules);
  taken((await topicRules.editIn(sql, attempt, tenant, edit)) ?? null);
  const now = await selectSchemas(sql);
  return {
    rules: rules.map((rule) => ({ name: rule.name, ...formOf(rule) })),
    schemas: ids.map((one) => ({ ...one, version: latestOf(now.find(({ id }) => id === one.id) as Schema).version })),
    codec: made ? { name: made.name, version: made.version } : null,
  };
}

/**
 * Takes away what the pack made. What was changed since stays, and so does a codec by which messages in the log may be read; answers
 * what stays. Schemas are retired: devices are not read by them any more.
 */
export async function unmakeIn(
  sql: TransactionSql,
  { topicRules }: Pick<Subjects, 'topicRules'>,
  attempt: string,
  { tenant, made }: Pick<InstalledPack, 'tenant' | 'made'>,
): Promise<string[]> {
  const state = await stateIn(sql, tenant);
  const stays: string[] = [];
  const gone = new Set<string>();
  for (const rule of made.rules) {
    const now = state.rules.find(({ name }) => name === rule.name);
    if (now && isAsMade(now, rule)) gone.add(rule.name);
    else if (now) stays.push(`topic rule ${rule.name}, which was changed after the pack made it`);
  }
  taken((await topicRules.editIn(sql, attempt, tenant, (rules) => rules.filter(({ name }) => !gone.has(name)))) ?? null);
  for (const { id, version } of made.schemas) {
    const schema = state.schemas.find((one) => one.id === id);
    if (schema && latestOf(schema).version === version) await retireSchema(sql, id);
    else if (schema) stays.push(`schema ${id}, which has versions that the pack did not make`);
  }
  if (made.codec) {
    const [codec] = await selectCodecs(sql, { tenant, ...made.codec });
    if (codec && (await selectUsers(sql, codec)).length === 0) await deleteCodec(sql, codec.id);
    else if (codec) stays.push(`codec ${codec.name}@${codec.version}, by which messages in the log may be read`);
  }
  return stays;
}

/** As the database has it now. */
export async function stateIn(sql: TransactionSql, tenant: string): Promise<TenantState> {
  const rows = await sql<{ name: string; rule: string }[]>`
    select name, rule::text as rule from topic_rules where tenant_id = ${tenant} order by position`;
  const schemas = (await selectSchemas(sql)).filter((schema) => schema.tenant === tenant && schema.retiredAtMs === undefined);
  const codecs = await selectCodecs(sql, { tenant });
  return {
    rules: rows.map(({ name, rule }) => ruleOf(name, JSON.parse(rule))),
    schemas,
    codecNames: new Set(codecs.map(({ name }) => name)),
  };
}

/** The rules of a pack stay where the first of its old ones is; new ones come after all others, so that those of the tenant come first. */
function replaced(own: readonly TopicRule[], old: ReadonlySet<string>, rules: readonly TopicRule[]): TopicRule[] {
  const first = own.findIndex(({ name }) => old.has(name));
  const others = own.filter(({ name }) => !old.has(name));
  return others.toSpliced(first < 0 ? others.length : first, 0, ...rules);
}

function isAsMade(rule: TopicRule, { name, ...form }: MadeByPack['rules'][number]): boolean {
  return rule.name === name && isDeepStrictEqual(formOf(rule), form);
}

function schemaFor(schemas: readonly Schema[], deviceClass: string | undefined, firmwareVersion: string): Schema | undefined {
  return schemas.find((schema) => schema.deviceClass === deviceClass && schema.firmwareVersion === firmwareVersion);
}

function taken<Value>(value: Value | ApiFailure): Value {
  if (value instanceof ApiFailure) throw new Refused(value);
  return value;
}
