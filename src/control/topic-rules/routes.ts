import { topicRuleAnswer, topicRuleDeletedAnswer, topicRulesAnswer } from '../../contract/answers/topic-rules.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { builtInRules } from '../../contract/topic-rules/built-in.js';
import { ruleProblem } from '../../contract/topic-rules/rule-set.js';
import type { TopicRule } from '../../contract/topic-rules/topic-rule.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantQuery } from '../registry/input.js';
import { newRuleSchema, replacedRuleSchema, ruleOf } from './input.js';
import type { TopicRules } from './topic-rules.js';

const listDoc: RouteDoc = {
  summary: "A tenant's topic rules in the order in which they are tried, then the built-in ones, with conflicts",
  auth: 'viewer',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: topicRulesAnswer },
  codes: ['query_invalid'],
};
const makeDoc: RouteDoc = {
  summary: 'Makes a topic rule, in effect at every gateway within a second',
  auth: 'admin',
  scope: 'tenant',
  request: newRuleSchema,
  answers: { 201: topicRuleAnswer },
  codes: ['topic_rule_exists', 'topic_rules_exhausted'],
};
const replaceDoc: RouteDoc = {
  summary: 'Replaces a topic rule, or moves it',
  auth: 'admin',
  scope: 'tenant',
  query: tenantQuery,
  request: replacedRuleSchema,
  answers: { 200: topicRuleAnswer },
  codes: ['topic_rule_unknown', 'query_invalid'],
};
const deleteDoc: RouteDoc = {
  summary: 'Deletes a topic rule',
  auth: 'admin',
  scope: 'tenant',
  query: tenantQuery,
  answers: { 200: topicRuleDeletedAnswer },
  codes: ['topic_rule_unknown', 'query_invalid'],
};

/** Topic rules: made, listed in their order, replaced, and deleted. */
export function topicRuleRoutes(topicRules: TopicRules, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);
  const named = '/v1/topic-rules/:name';

  async function make({ body }: Request): Promise<Answer | ApiFailure> {
    const input = parseBody(body, newRuleSchema, 'make a topic rule');
    if (input instanceof ApiFailure) return input;
    const { name, tenant, position, ...form } = input;
    const rule = ruleOf(name, form);
    const made = problemOf(rule, `make topic rule ${name}`) ?? (await topicRules.add(tenant, rule, position));
    return made instanceof ApiFailure ? made : json(201, viewOf(topicRules, tenant, rule));
  }

  async function replace({ body, query, params }: Request): Promise<Answer | ApiFailure> {
    const name = params[0]!;
    const attempt = `replace topic rule ${name}`;
    const asked = parseQuery(query, tenantQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const input = parseBody(body, replacedRuleSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const { position, ...form } = input;
    const rule = ruleOf(name, form);
    const replaced = problemOf(rule, attempt) ?? (await topicRules.replace(asked.tenant, rule, position));
    return replaced instanceof ApiFailure ? replaced : json(200, viewOf(topicRules, asked.tenant, rule));
  }

  async function remove({ query, params }: Request): Promise<Answer | ApiFailure> {
    const name = params[0]!;
    const asked = parseQuery(query, tenantQuery, `delete topic rule ${name}`);
    if (asked instanceof ApiFailure) return asked;
    return (await topicRules.remove(asked.tenant, name)) ?? json(200, { tenant: asked.tenant, name, deleted: true });
  }

  return [
    { method: 'GET', pattern: '/v1/topic-rules', doc: listDoc, admit, handle: (request) => list(topicRules, request) },
    { method: 'POST', pattern: '/v1/topic-rules', doc: makeDoc, body: ADMIN_BODY, admit, handle: make },
    { method: 'PUT', pattern: named, doc: replaceDoc, body: ADMIN_BODY, admit, handle: replace },
    { method: 'DELETE', pattern: named, doc: deleteDoc, admit, handle: remove },
  ];
}

function list(topicRules: TopicRules, { query }: Request): Answer | ApiFailure {
  const asked = parseQuery(query, tenantQuery, 'list topic rules');
  if (asked instanceof ApiFailure) return asked;
  const { tenant } = asked;
  const { rules: own, off } = topicRules.keptOf(tenant);
  const names = new Set(own.map(({ name }) => name));
  const conflicts = own.length === 0 ? [] : topicRules.rules.of(tenant).conflicts();
  return json(200, {
    rules: [
      ...own.map((rule) => ({ ...viewOf(topicRules, tenant, rule), built_in: false })),
      ...builtInRules.filter(({ name }) => !off.includes(name)).map((rule) => ({ ...fieldsOf(rule), position: null, built_in: true })),
    ],
    // No rule of a tenant has the name of a built-in one, and what those do among themselves is meant.
    conflicts: conflicts
      .filter(({ first, later }) => names.has(first) || names.has(later))
      .map(({ first, firstPattern, later, laterPattern, kind }) => {
        return { first, first_pattern: firstPattern, later, later_pattern: laterPattern, kind };
      }),
  });
}

function problemOf(rule: TopicRule, attempt: string): ApiFailure | undefined {
  const problem = ruleProblem(rule);
  return problem === undefined ? undefined : new ApiFailure('body_invalid', attempt, problem.replace(': ', ' '));
}

/** Where another call has deleted it meanwhile, it was the last. */
function viewOf(topicRules: TopicRules, tenant: string, rule: TopicRule) {
  const own = topicRules.of(tenant);
  const at = own.findIndex(({ name }) => name === rule.name);
  const problem = ruleProblem(rule);
  return { ...fieldsOf(rule), tenant, position: (at < 0 ? own.length : at) + 1, ...(problem !== undefined && { problem }) };
}

function fieldsOf({ name, pattern, device, decoder, prefix, valueName, unregistered = 'prefix', hasProperties = false }: TopicRule) {
  const named = { prefix: prefix ?? null, value_name: valueName ?? null };
  return { name, pattern, device, decoder, ...named, unregistered, has_properties: hasProperties };
}
