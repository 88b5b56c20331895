import { FORMAT_BY_SHAPE } from '../../../assembly/abi/block.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { schemaTrialAnswer } from '../../contract/answers/schemas.js';
import { ApiFailure, codeOf } from '../../contract/api-errors.js';
import { formatOfContentType } from '../../contract/content-types.js';
import type { SchemaPlan } from '../../contract/schemas/schema-plan.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { parseBody } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { isoMicros } from '../queries/iso-micros.js';
import { tenantQuery } from '../registry/input.js';
import { TrialDecoder, withSchema } from '../topic-rules/trial-decoder.js';
import { isRefused, told } from './definition/definition.js';
import type { FormatChoice } from './definition/formats.js';
import { TRIAL_BODY, trialSchema } from './input.js';
import { schemaOf } from './routes.js';
import { definitionOf, planOf, type Schema, usedOf, versionOf } from './schema-version.js';
import type { Schemas } from './schemas.js';

const ATTEMPT = 'try a schema';
/** Of a version that is not made yet: the trial is the only one that knows it. */
const DRAFT_NUMBER = 1;
/** Whose the message is plays no part in how it is read. */
const ANY_DEVICE = 1;
const NO_CONTEXT = new Uint8Array(0);

const doc: RouteDoc = {
  summary: 'Says which readings a payload would become by a version, or by a definition that is not made yet, without storing it',
  auth: 'viewer',
  scope: 'tenant',
  query: tenantQuery,
  request: trialSchema,
  answers: { 200: schemaTrialAnswer },
  codes: ['schema_id_unknown', 'schema_version_unknown', 'schema_invalid', 'codec_unknown', 'payload_oversize'],
};

export interface SchemaTrialOptions {
  readonly schemas: Schemas;
  readonly keys: KeyCheck;
}

interface Tried {
  /** Null: it is not made yet. */
  readonly version: number | null;
  readonly format: FormatChoice;
  readonly plan: SchemaPlan;
}

/** Payloads tried: what they would be by a schema. */
export function schemaTrialRoutes({ schemas, keys }: SchemaTrialOptions): Route[] {
  const decoder = new TrialDecoder();

  async function handle(request: Request): Promise<Answer | ApiFailure> {
    const schema = schemaOf(schemas, request, ATTEMPT);
    if (schema instanceof ApiFailure) return schema;
    const input = parseBody(request.body, trialSchema, ATTEMPT);
    if (input instanceof ApiFailure) return input;
    const { payload_base64: encoded, content_type: type, version, schema_definition: definition, format, mode } = input;
    const payload = Buffer.from(encoded, 'base64');
    if (payload.length > PAYLOAD_BYTES_MAX) return new ApiFailure('payload_oversize', ATTEMPT);
    const tried = definition === undefined ? ofVersion(schema, version) : ofDraft(schema, { definition, format, mode });
    if (tried instanceof ApiFailure) return tried;
    const plan = await schemas.withCodec(schema.tenant, tried.format, tried.plan);
    if (!plan) return new ApiFailure('codec_unknown', ATTEMPT);
    const said = type === undefined ? FORMAT_BY_SHAPE : formatOfContentType(type);
    const message = withSchema({ device: ANY_DEVICE, format: said, context: NO_CONTEXT, payload }, plan.number);
    const { readings, reasons } = decoder.decode([message], Date.now() * 1000, [plan]);
    const units = new Map(plan.fields.map(({ name, metric = name, unit }) => [metric, unit]));
    const viewed = readings.map(({ metric, value, tsUs }) => {
      const unit = units.get(metric);
      return { metric, value, ts: isoMicros(tsUs), ...(unit !== undefined && { unit }) };
    });
    const [reason] = reasons;
    return json(200, { version: tried.version, readings: viewed, ...(reason !== undefined && { reason, cause: codeOf(reason)?.cause }) });
  }

  function ofDraft(schema: Schema, input: Parameters<Schemas['draft']>[1]): Tried | ApiFailure {
    const draft = schemas.draft(ATTEMPT, input, schema);
    return draft instanceof ApiFailure
      ? draft
      : { version: null, format: draft.format, plan: planOf({ ...draft, number: DRAFT_NUMBER }, draft.read) };
  }

  return [{ method: 'POST', pattern: '/v1/schemas/:id/test', doc, body: TRIAL_BODY, admit: adminOnly(keys), handle }];
}

function ofVersion(schema: Schema, asked: number | undefined): Tried | ApiFailure {
  const version = asked === undefined ? usedOf(schema) : versionOf(schema, asked);
  if (!version) return new ApiFailure('schema_version_unknown', ATTEMPT);
  const definition = definitionOf(version);
  if (isRefused(definition)) return new ApiFailure('schema_invalid', ATTEMPT, told(definition));
  return { version: version.version, format: version.format, plan: planOf(version, definition) };
}
