import { z } from 'zod';
import { shadowRunActivatedAnswer, shadowRunAnswer, shadowRunsAnswer } from '../../contract/answers/shadow-runs.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { newVersionOf } from '../schemas/input.js';
import type { Schemas } from '../schemas/schemas.js';
import { ruleOf } from '../topic-rules/input.js';
import { type Candidate, type RuleCandidateOptions, ruleCandidate, schemaCandidate } from './candidate.js';
import { SHADOW_BODY, shadowSchema } from './input.js';
import { type ShadowRun, wishOf } from './shadow-run.js';
import type { ShadowRuns } from './shadow-runs.js';

export interface ShadowRoutesOptions extends RuleCandidateOptions {
  readonly schemas: Schemas;
  readonly keys: KeyCheck;
}

const ALL = '/v1/shadow-runs';
const NAMED = '/v1/shadow-runs/:id';
const docs = {
  begin: {
    summary: 'Runs a schema, codec or topic rule that is not active beside what is, over recent and live messages of the log',
    auth: 'admin',
    scope: 'deployment',
    request: shadowSchema,
    answers: { 202: shadowRunAnswer },
    codes: ['log_not_readable', 'shadow_run_running', 'schema_invalid', 'codec_unknown'],
  },
  list: {
    summary: 'Shadow runs of this process, the newest first',
    auth: 'viewer',
    scope: 'deployment',
    answers: { 200: shadowRunsAnswer },
    codes: [],
  },
  read: {
    summary: 'A shadow run with its differences by field, as far as it is',
    auth: 'viewer',
    scope: 'deployment',
    answers: { 200: shadowRunAnswer },
    codes: ['shadow_run_unknown'],
  },
  activate: {
    summary: 'Makes the candidate of a run that is done the schema version, or the topic rule, that it is',
    auth: 'admin',
    scope: 'deployment',
    request: z.strictObject({}).optional(),
    answers: { 200: shadowRunActivatedAnswer },
    codes: [
      'shadow_run_unknown',
      'shadow_run_not_done',
      'schema_incompatible',
      'schemas_exhausted',
      'topic_rule_exists',
      'topic_rules_exhausted',
      'pack_conflict',
      'pack_not_newer',
    ],
  },
} satisfies Record<string, RouteDoc>;

/** Shadow runs: begun, listed, read, activated. */
export function shadowRoutes(runs: ShadowRuns, options: ShadowRoutesOptions): Route[] {
  const { schemas, keys } = options;
  const admit = adminOnly(keys);

  async function begin({ body }: Request): Promise<Answer | ApiFailure> {
    const attempt = 'begin a shadow run';
    const input = parseBody(body, shadowSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const candidate = await candidateOf(attempt, input);
    if (candidate instanceof ApiFailure) return candidate;
    const run = runs.begin(attempt, wishOf(candidate, input));
    return run instanceof ApiFailure ? run : json(202, viewOf(run));
  }

  async function candidateOf(
    attempt: string,
    { tenant, schema, rule }: ReturnType<typeof shadowSchema.parse>,
  ): Promise<Candidate | ApiFailure> {
    if (rule) {
      const { name, position, ...form } = rule;
      return ruleCandidate(options, attempt, { tenant, rule: ruleOf(name, form), position });
    }
    const { device_class: deviceClass, firmware_version: firmwareVersion, ...version } = schema!;
    return schemaCandidate(schemas, attempt, {
      tenant,
      deviceClass,
      firmwareVersion,
      ...newVersionOf({ ...version, schema_definition: version.schema_definition }),
    });
  }

  function read({ params }: Request): Answer | ApiFailure {
    const run = runs.get(Number(params[0]));
    return run ? json(200, viewOf(run)) : new ApiFailure('shadow_run_unknown', 'read the shadow run');
  }

  async function activate({ params }: Request): Promise<Answer | ApiFailure> {
    const attempt = `activate shadow run ${params[0]}`;
    const run = runs.get(Number(params[0]));
    if (!run) return new ApiFailure('shadow_run_unknown', attempt);
    const made = await runs.activate(attempt, run);
    return made instanceof ApiFailure ? made : json(200, { ...viewOf(run), ...made });
  }

  return [
    { method: 'POST', pattern: ALL, doc: docs.begin, body: SHADOW_BODY, admit, handle: begin },
    { method: 'GET', pattern: ALL, doc: docs.list, admit, handle: () => json(200, { shadow_runs: runs.all.map(viewOf) }) },
    { method: 'GET', pattern: NAMED, doc: docs.read, admit, handle: read },
    { method: 'POST', pattern: `${NAMED}/activate`, doc: docs.activate, body: ADMIN_BODY, admit, handle: activate },
  ];
}

function viewOf({ id, wish, state, cause, comparison }: ShadowRun) {
  const { candidate, percent, beganMs, endsMs } = wish;
  const { kind, tenant, subject } = candidate;
  const times = { began_at: isoTime(beganMs), ends_at: isoTime(endsMs) };
  return { id, tenant, candidate: kind, subject, state, cause: cause ?? null, percent, ...times, report: comparison.report() };
}
