import { z } from 'zod';
import { CODE_NONE } from '../../../assembly/abi/codes.js';
import type { AclRule, AclSubject, Principal } from '../../contract/acl/acl.js';
import { builtInAcl } from '../../contract/acl/built-in.js';
import { filterProblem } from '../../contract/acl/levels.js';
import { aclCheckAnswer, aclRuleAnswer, aclRuleDeletedAnswer, aclRulesAnswer } from '../../contract/answers/acl.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { topicWithin } from '../../contract/topic-rules/own-topics.js';
import { routeTopic } from '../../contract/topic-rules/routing.js';
import type { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery, textSchema } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { topicProblem } from '../ingest/by-topic.js';
import { deviceClassSchema, deviceIdSchema, tenantQuery, tenantSchema } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import { mayAddSubdevices } from '../registry/subdevices.js';
import { serviceNameSchema } from '../services/input.js';
import type { ServiceClients } from '../services/service-clients.js';
import type { AclRules } from './acl-rules.js';

export interface AclRoutesOptions {
  readonly aclRules: AclRules;
  readonly services: Pick<ServiceClients, 'of'>;
  readonly registry: Pick<Registry, 'get' | 'unknown'>;
  /** What a device's topics mean: telemetry needs no rule. */
  readonly rules: TenantRules;
  readonly keys: KeyCheck;
}

const SUBJECT_PROBLEM = 'must be all, class:NAME, device:ID or service:NAME';
const names: Readonly<Record<string, z.ZodType<string>>> = { class: deviceClassSchema, device: deviceIdSchema, service: serviceNameSchema };

const subject = textSchema((value) => {
  if (value === 'all') return undefined;
  const [, kind = '', name = ''] = /^(\w+):(.*)$/s.exec(value) ?? [];
  return names[kind]?.safeParse(name).success ? undefined : SUBJECT_PROBLEM;
}).transform((value) => value as AclSubject);

const newRuleSchema = z.strictObject({
  tenant: tenantSchema,
  subject: subject.default('all'),
  action: z.enum(['publish', 'subscribe', 'both'], 'must be publish, subscribe or both'),
  filter: textSchema(filterProblem),
  effect: z.enum(['allow', 'deny'], 'must be allow or deny').default('allow'),
});

const checkSchema = z
  .strictObject({
    tenant: tenantSchema,
    device: deviceIdSchema.optional(),
    service: serviceNameSchema.optional(),
    action: z.enum(['publish', 'subscribe'], 'must be publish or subscribe'),
    topic: z.string('must be a string'),
  })
  .refine(({ device, service }) => (device === undefined) !== (service === undefined), 'must name either a device or a service');

const listDoc: RouteDoc = {
  summary: "A tenant's rules about topics, and those that every device has",
  auth: 'viewer',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: aclRulesAnswer },
  codes: ['query_invalid'],
};
const makeDoc: RouteDoc = {
  summary: 'Makes a rule about topics, in effect at every gateway within a second',
  auth: 'admin',
  scope: 'tenant',
  request: newRuleSchema,
  answers: { 201: aclRuleAnswer },
  codes: ['acl_rules_exhausted'],
};
const deleteDoc: RouteDoc = {
  summary: 'Deletes a rule about topics',
  auth: 'admin',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: aclRuleDeletedAnswer },
  codes: ['acl_rule_unknown', 'query_invalid'],
};
const checkDoc: RouteDoc = {
  summary: 'Whether a device or a service client may use a topic, and which rule says so',
  auth: 'viewer',
  scope: 'tenant',
  request: checkSchema,
  answers: { 200: aclCheckAnswer },
  codes: ['device_unknown', 'service_client_unknown'],
};

/** Rules about topics: made, listed, deleted, and asked. */
export function aclRoutes(options: AclRoutesOptions): Route[] {
  const { aclRules, keys } = options;
  const admit = adminOnly(keys);

  async function make({ body }: Request): Promise<Answer | ApiFailure> {
    const input = parseBody(body, newRuleSchema, 'make an ACL rule');
    if (input instanceof ApiFailure) return input;
    const { tenant, ...rule } = input;
    const made = await aclRules.add(tenant, rule);
    return made instanceof ApiFailure ? made : json(201, viewOf(tenant, made));
  }

  async function remove({ query, params }: Request): Promise<Answer | ApiFailure> {
    const id = params[0]!;
    const asked = parseQuery(query, tenantQuery, `delete ACL rule ${id}`);
    if (asked instanceof ApiFailure) return asked;
    if (!/^\d{1,9}$/.test(id)) return new ApiFailure('acl_rule_unknown', `delete ACL rule ${id}`);
    return (await aclRules.remove(asked.tenant, Number(id))) ?? json(200, { tenant: asked.tenant, id: Number(id), deleted: true });
  }

  return [
    { method: 'GET', pattern: '/v1/acl', doc: listDoc, admit, handle: (request) => list(aclRules, request) },
    { method: 'POST', pattern: '/v1/acl', doc: makeDoc, body: ADMIN_BODY, admit, handle: make },
    { method: 'DELETE', pattern: '/v1/acl/:id', doc: deleteDoc, admit, handle: remove },
    { method: 'POST', pattern: '/v1/acl/check', doc: checkDoc, body: ADMIN_BODY, admit, handle: (request) => check(options, request) },
  ];
}

function list(aclRules: AclRules, { query }: Request): Answer | ApiFailure {
  const asked = parseQuery(query, tenantQuery, 'list ACL rules');
  if (asked instanceof ApiFailure) return asked;
  return json(200, {
    rules: aclRules.of(asked.tenant).map((rule) => viewOf(asked.tenant, rule)),
    built_in: builtInAcl.map(({ subject: who, action, filter, effect }) => ({ subject: who, action, filter, effect })),
  });
}

function check({ aclRules, services, registry, rules }: AclRoutesOptions, { body }: Request): Answer | ApiFailure {
  const attempt = 'check the rights of a client';
  const input = parseBody(body, checkSchema, attempt);
  if (input instanceof ApiFailure) return input;
  const { tenant, device, service, action, topic } = input;
  const who = device === undefined ? serviceOf(services, tenant, service as string) : deviceOf(registry, tenant, device);
  if (who instanceof ApiFailure) return who;
  const { allowed, rule, why } = aclRules.acl.allows(who, action, topic);
  if (!allowed && !rule && action === 'publish' && device !== undefined) {
    const by = telemetryRule(registry, rules, tenant, device, topic);
    if (by !== undefined) return json(200, { allowed: true, rule: null, why: `it is telemetry, by the topic rule ${by}` });
  }
  return json(200, { allowed, rule: rule && rule.id > 0 ? rule.id : null, why });
}

/** The topic rule that takes what the device publishes there as telemetry; undefined: none does. */
function telemetryRule(
  registry: AclRoutesOptions['registry'],
  rules: TenantRules,
  tenant: string,
  id: string,
  topic: string,
): string | undefined {
  const device = registry.get(tenant, id);
  const within = topicWithin(tenant, topic);
  if (!device || within === undefined || topicProblem(within) !== undefined) return undefined;
  const { number, metadata } = device;
  const sender = { number, id, isGateway: mayAddSubdevices({ metadata }), find: (name: string) => registry.get(tenant, name) };
  const { code } = routeTopic(rules.of(tenant), within, sender);
  return code === CODE_NONE ? rules.of(tenant).match(within)?.rule.name : undefined;
}

function deviceOf(registry: AclRoutesOptions['registry'], tenant: string, id: string): Principal | ApiFailure {
  const device = registry.get(tenant, id);
  if (!device) return registry.unknown('device_unknown', `check the rights of device ${id}`);
  return { kind: 'device', tenant, name: id, deviceClass: device.deviceClass };
}

function serviceOf(services: AclRoutesOptions['services'], tenant: string, name: string): Principal | ApiFailure {
  if (services.of(tenant).some((service) => service.name === name)) return { kind: 'service', tenant, name };
  return new ApiFailure('service_client_unknown', `check the rights of service client ${name}`);
}

function viewOf(tenant: string, { id, subject: who, action, filter, effect }: AclRule) {
  return { id, tenant, subject: who, action, filter, effect };
}
