import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { codecAnswer, codecDeletedAnswer, codecsAnswer, codecTrialAnswer, codecWithUsersAnswer } from '../../contract/answers/codecs.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { codecFormat } from '../../contract/codecs/codec-name.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { parseBody, parseQuery } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantQuery } from '../registry/input.js';
import { TrialDecoder } from '../topic-rules/trial-decoder.js';
import type { Codec } from './codec.js';
import type { Codecs } from './codecs.js';
import { CODEC_BODY, CODEC_TRIAL_BODY, codecListSchema, codecTrialSchema, newCodecSchema } from './input.js';
import { tryCodec } from './trial.js';

export interface CodecRoutesOptions {
  readonly codecs: Codecs;
  readonly keys: KeyCheck;
}

const ALL = '/v1/codecs';
const NAMED = '/v1/codecs/:id';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ofOne = { auth: 'admin', scope: 'tenant', query: tenantQuery } as const;
const docs = {
  list: {
    summary: 'Codecs of a tenant, the newest version of each first',
    auth: 'viewer',
    scope: 'tenant',
    query: codecListSchema,
    answers: { 200: codecsAnswer },
    codes: ['query_invalid'],
  },
  make: {
    summary: 'Makes the next version of a codec; the body is a WebAssembly module',
    auth: 'admin',
    scope: 'tenant',
    query: newCodecSchema,
    request: 'any',
    answers: { 201: codecAnswer },
    codes: ['codec_invalid', 'codecs_exhausted', 'query_invalid'],
  },
  read: {
    ...ofOne,
    auth: 'viewer',
    summary: 'A version of a codec, with the schemas that name it',
    answers: { 200: codecWithUsersAnswer },
    codes: ['codec_unknown'],
  },
  test: {
    ...ofOne,
    auth: 'viewer',
    summary: 'Says which readings a codec makes of a payload, and the fuel that it takes, without storing them',
    request: codecTrialSchema,
    answers: { 200: codecTrialAnswer },
    codes: ['codec_unknown', 'payload_oversize'],
  },
  remove: {
    ...ofOne,
    summary: 'Deletes a version of a codec that no schema names',
    answers: { 200: codecDeletedAnswer },
    codes: ['codec_unknown', 'codec_in_use'],
  },
} satisfies Record<string, RouteDoc>;

/** Codecs: made, listed, tried, deleted. */
export function codecRoutes({ codecs, keys }: CodecRoutesOptions): Route[] {
  const admit = adminOnly(keys);
  const decoder = new TrialDecoder();

  async function list({ query }: Request): Promise<Answer | ApiFailure> {
    const asked = parseQuery(query, codecListSchema, 'list codecs');
    if (asked instanceof ApiFailure) return asked;
    const { tenant, name } = asked;
    return json(200, { codecs: (await codecs.list({ tenant, ...(name !== undefined && { name }) })).map(viewOf) });
  }

  async function make({ body, query }: Request): Promise<Answer | ApiFailure> {
    const attempt = 'make a codec';
    const asked = parseQuery(query, newCodecSchema, attempt);
    if (asked instanceof ApiFailure) return asked;
    const { tenant, name, fuel_max: fuelMax, memory_pages_max: memoryPagesMax } = asked;
    const made = await codecs.add(attempt, { tenant, name, wasm: body, fuelMax, memoryPagesMax });
    return made instanceof ApiFailure ? made : json(201, viewOf(made));
  }

  async function read(request: Request): Promise<Answer | ApiFailure> {
    const codec = await asked(request, 'read the codec');
    return codec instanceof ApiFailure ? codec : json(200, { ...viewOf(codec), schemas: await codecs.usersOf(codec) });
  }

  async function test(request: Request): Promise<Answer | ApiFailure> {
    const attempt = 'try a codec';
    const codec = await asked(request, attempt);
    if (codec instanceof ApiFailure) return codec;
    const input = parseBody(request.body, codecTrialSchema, attempt);
    if (input instanceof ApiFailure) return input;
    const payload = Buffer.from(input.payload_base64, 'base64');
    if (payload.length > PAYLOAD_BYTES_MAX) return new ApiFailure('payload_oversize', attempt);
    return json(200, tryCodec(decoder, await codecs.planOf(codec), payload));
  }

  async function remove({ params, query }: Request): Promise<Answer | ApiFailure> {
    const [id, attempt] = [params[0]!, 'delete the codec'];
    const named = parseQuery(query, tenantQuery, attempt);
    if (named instanceof ApiFailure) return named;
    if (!UUID.test(id)) return new ApiFailure('codec_unknown', attempt);
    return (await codecs.remove(attempt, named.tenant, id)) ?? json(200, { codec_id: id, deleted: true });
  }

  /** The codec that the path and `?tenant` name. */
  async function asked({ params, query }: Request, attempt: string): Promise<Codec | ApiFailure> {
    const named = parseQuery(query, tenantQuery, attempt);
    if (named instanceof ApiFailure) return named;
    const found = UUID.test(params[0]!) ? await codecs.get(named.tenant, params[0]!) : undefined;
    return found ?? new ApiFailure('codec_unknown', attempt);
  }

  return [
    { method: 'GET', pattern: ALL, doc: docs.list, admit, handle: list },
    { method: 'POST', pattern: ALL, doc: docs.make, body: CODEC_BODY, admit, handle: make },
    { method: 'GET', pattern: NAMED, doc: docs.read, admit, handle: read },
    { method: 'POST', pattern: `${NAMED}/test`, doc: docs.test, body: CODEC_TRIAL_BODY, admit, handle: test },
    { method: 'DELETE', pattern: NAMED, doc: docs.remove, admit, handle: remove },
  ];
}

function viewOf({ id, tenant, name, version, sha256, bytes, fuelMax, memoryPagesMax, createdAtMs }: Codec) {
  const limits = { fuel_max: fuelMax, memory_pages_max: memoryPagesMax };
  return {
    codec_id: id,
    tenant,
    name,
    version,
    format: codecFormat({ name, version }),
    sha256,
    bytes,
    ...limits,
    created_at: isoTime(createdAtMs),
  };
}
