import type { TransactionSql } from 'postgres';
import { z } from 'zod';
import {
  packAnswer,
  packInstallAnswer,
  packRemovedAnswer,
  packReportAnswer,
  packShownAnswer,
  packsAnswer,
} from '../../contract/answers/packs.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { builtInPacks } from '../../contract/packs/built-in/list.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { callersTenant } from '../../http/caller.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { recordChange } from '../audit/record.js';
import { tenantQuery } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import { type ShadowTimes, wishOf } from '../shadow/shadow-run.js';
import type { ShadowRuns } from '../shadow/shadow-runs.js';
import type { TopicRules } from '../topic-rules/topic-rules.js';
import { packCandidate } from './candidate.js';
import { installSchema, PACK_BODY, rollbackSchema, switchSchema } from './input.js';
import type { LoadedPack, Packs } from './packs.js';
import { builtInViewOf, reportOf, shownOf, viewOf } from './views.js';

export interface PackRoutesOptions {
  readonly packs: Packs;
  readonly registry: Pick<Registry, 'tenants' | 'get' | 'byNumber'>;
  readonly topicRules: Pick<TopicRules, 'of' | 'offOf' | 'setBuiltIn'>;
  readonly runs: Pick<ShadowRuns, 'begin'>;
  readonly keys: KeyCheck;
}

const ALL = '/v1/packs';
const NAMED = '/v1/packs/:name';
const ofFile = ['pack_malformed', 'pack_format_unsupported', 'pack_invalid', 'pack_signature_invalid'] as const;
const ofOne = { scope: 'tenant', query: tenantQuery } as const;
const docs = {
  list: {
    ...ofOne,
    summary: 'Packs that a tenant has installed, then the built-in ones',
    auth: 'viewer',
    answers: { 200: packsAnswer },
    codes: ['query_invalid'],
  },
  verify: {
    ...ofOne,
    summary: 'Says whose signature a pack has, what its messages become, and what installing it would meet; changes nothing',
    auth: 'viewer',
    request: 'any',
    answers: { 200: packReportAnswer },
    codes: [...ofFile],
  },
  install: {
    summary: 'Installs a pack, or its next version, or begins the shadow run before that; the body is its file',
    auth: 'admin',
    scope: 'tenant',
    query: installSchema,
    request: 'any',
    answers: { 201: packInstallAnswer, 202: packInstallAnswer },
    codes: [
      ...ofFile,
      ...(['pack_untrusted', 'pack_vectors_failed', 'pack_conflict', 'pack_not_newer', 'packs_exhausted'] as const),
      ...(['log_not_readable', 'shadow_run_running'] as const),
      ...(['schema_incompatible', 'schemas_exhausted', 'codecs_exhausted', 'topic_rules_exhausted'] as const),
    ],
  },
  read: {
    ...ofOne,
    summary: 'A pack with what it holds and what it made',
    auth: 'viewer',
    answers: { 200: packShownAnswer },
    codes: ['pack_unknown'],
  },
  change: {
    ...ofOne,
    summary: 'Switches a built-in pack on or off for a tenant, in effect at every gateway within a second',
    auth: 'admin',
    request: switchSchema,
    answers: { 200: packAnswer },
    codes: ['pack_unknown', 'pack_built_in'],
  },
  rollBack: {
    summary: 'Installs the version of a pack that the present one took the place of',
    auth: 'admin',
    scope: 'tenant',
    query: rollbackSchema,
    request: z.strictObject({}).optional(),
    answers: { 200: packAnswer },
    codes: ['pack_unknown', 'pack_first', 'pack_built_in', 'pack_untrusted', 'pack_vectors_failed', 'pack_conflict'],
  },
  remove: {
    ...ofOne,
    summary: 'Removes a pack with what it made; devices and their data stay',
    auth: 'admin',
    answers: { 200: packRemovedAnswer },
    codes: ['pack_unknown', 'pack_built_in'],
  },
} satisfies Record<string, RouteDoc>;

const builtIn = new Map(builtInPacks.map((pack) => [pack.name, pack]));

/** Device packs: verified, installed, listed, rolled back, removed. */
export function packRoutes({ packs, registry, topicRules, runs, keys }: PackRoutesOptions): Route[] {
  const admit = adminOnly(keys);

  async function list({ query }: Request): Promise<Answer | ApiFailure> {
    const asked = parseQuery(query, tenantQuery, 'list packs');
    if (asked instanceof ApiFailure) return asked;
    const installed = await packs.list(asked.tenant);
    return json(200, {
      packs: [...installed.map(viewOf), ...builtInPacks.map((pack) => builtInViewOf(pack, isOn(asked.tenant, pack.name)))],
    });
  }

  const isOn = (tenant: string, name: string) => !topicRules.offOf(tenant).includes(name);

  async function change({ body, query, params }: Request): Promise<Answer | ApiFailure> {
    const attempt = `switch pack ${params[0]}`;
    const asked = parseQuery(query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const input = parseBody(body, switchSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const [{ tenant }, { enabled }, pack] = [asked, input, builtIn.get(params[0]!)];
    if (!pack) return new ApiFailure('pack_unknown', attempt, 'no built-in pack has this name; another one is removed instead');
    if (pack.isFixed && !enabled) return new ApiFailure('pack_built_in', attempt, 'the gateway reads its topics by itself');
    const note = (sql: TransactionSql) => recordChange(sql, { tenant, target: `pack ${pack.name}`, after: { enabled } });
    await topicRules.setBuiltIn(tenant, pack.name, enabled, note);
    return json(200, builtInViewOf(pack, enabled));
  }

  async function verify({ body, query }: Request): Promise<Answer | ApiFailure> {
    const attempt = 'verify a pack';
    const asked = parseQuery(query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const pack = await packs.load(attempt, body);
    return pack instanceof ApiFailure ? pack : json(200, reportOf(pack, await packs.prospectOf(asked.tenant, pack)));
  }

  async function install({ body, query }: Request): Promise<Answer | ApiFailure> {
    const attempt = 'install a pack';
    const asked = parseQuery(query, installSchema, attempt);
    if (asked instanceof ApiFailure) return asked;
    const { tenant, all_tenants: isForAll, allow_unsigned: allowUnsigned } = asked;
    if (isForAll && callersTenant() !== undefined) return new ApiFailure('scope_forbidden', attempt);
    if (isForAll && !asked.now)
      return new ApiFailure('query_invalid', attempt, 'all_tenants needs now=true: a shadow run is of one tenant');
    const pack = await packs.load(attempt, body);
    if (pack instanceof ApiFailure) return packs.refused(pack);
    const objection = packs.objection(attempt, pack, allowUnsigned);
    if (objection) return packs.refused(objection);
    if (!asked.now) return tryFirst(attempt, tenant, pack, asked);
    return installNow(attempt, isForAll ? registry.tenants().map((one) => one.tenant) : [tenant], pack);
  }

  async function installNow(attempt: string, tenants: readonly string[], pack: LoadedPack): Promise<Answer | ApiFailure> {
    const prospect = await packs.prospectOf(tenants[0] ?? '', pack);
    const state = await packs.install(attempt, tenants, pack);
    if (state instanceof ApiFailure) return packs.refused(state);
    return json(201, { ...reportOf(pack, prospect), state, tenants, shadow_run: null });
  }

  async function tryFirst(attempt: string, tenant: string, pack: LoadedPack, times: ShadowTimes): Promise<Answer | ApiFailure> {
    const prospect = await packs.prospectOf(tenant, pack);
    const { conflicts } = prospect;
    if (conflicts.length > 0) return packs.refused(new ApiFailure('pack_conflict', attempt, conflicts.join('; ')));
    const candidate = await packCandidate({ packs, topicRules, registry }, tenant, pack);
    const run = runs.begin(attempt, wishOf(candidate, times));
    if (run instanceof ApiFailure) return packs.refused(run);
    return json(202, { ...reportOf(pack, prospect), state: 'shadow', tenants: [tenant], shadow_run: run.id });
  }

  async function read({ query, params }: Request): Promise<Answer | ApiFailure> {
    const attempt = `show pack ${params[0]}`;
    const asked = parseQuery(query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const known = builtIn.get(params[0]!);
    if (known) return json(200, { ...builtInViewOf(known, isOn(asked.tenant, known.name)), ...shownOf(known) });
    const pack = await packs.get(asked.tenant, params[0]!);
    if (!pack) return new ApiFailure('pack_unknown', attempt);
    return json(200, { ...viewOf(pack), ...shownOf(packs.contentOf(pack), pack.made) });
  }

  async function rollBack({ query, params }: Request): Promise<Answer | ApiFailure> {
    const attempt = `roll back pack ${params[0]}`;
    const asked = parseQuery(query, rollbackSchema, attempt);
    if (asked instanceof ApiFailure) return asked;
    if (builtIn.has(params[0]!)) return new ApiFailure('pack_built_in', attempt);
    const pack = await packs.rollBack(attempt, asked.tenant, params[0]!, asked.allow_unsigned);
    return pack instanceof ApiFailure ? packs.refused(pack) : json(200, viewOf(pack));
  }

  async function remove({ query, params }: Request): Promise<Answer | ApiFailure> {
    const attempt = `remove pack ${params[0]}`;
    const asked = parseQuery(query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    if (builtIn.has(params[0]!)) return new ApiFailure('pack_built_in', attempt);
    const stays = await packs.remove(attempt, asked.tenant, params[0]!);
    return stays instanceof ApiFailure ? stays : json(200, { name: params[0], removed: true, stays });
  }

  return [
    { method: 'GET', pattern: ALL, doc: docs.list, admit, handle: list },
    { method: 'POST', pattern: ALL, doc: docs.install, body: PACK_BODY, admit, handle: install },
    { method: 'POST', pattern: `${ALL}/verify`, doc: docs.verify, body: PACK_BODY, admit, handle: verify },
    { method: 'GET', pattern: NAMED, doc: docs.read, admit, handle: read },
    { method: 'POST', pattern: `${NAMED}/rollback`, doc: docs.rollBack, body: ADMIN_BODY, admit, handle: rollBack },
    { method: 'PATCH', pattern: NAMED, doc: docs.change, body: ADMIN_BODY, admit, handle: change },
    { method: 'DELETE', pattern: NAMED, doc: docs.remove, admit, handle: remove },
  ];
}
