import { z } from 'zod';
import { CODE_NONE } from '../../../assembly/abi/codes.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { ingestedAnswer } from '../../contract/answers/operation.js';
import { ApiFailure, isApiCode } from '../../contract/api-errors.js';
import { refusalCode } from '../../contract/codes.js';
import type { DataPlane } from '../../contract/data-plane.js';
import type { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import { bearerToken } from '../../http/auth.js';
import { json, type Request, type RequestHead } from '../../http/exchange.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Device } from '../registry/device.js';
import { TENANT_DEFAULT, tenantQuery } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import type { Subdevices } from '../registry/subdevices.js';
import { ingestAll, messagesOfAll, topicProblem } from './by-topic.js';
import { postedFormat, postedTypes } from './content-types.js';
import { isEmpty, undecodable } from './payload-shape.js';

/** Payloads that wait for the log: more of them would only wait longer, so they are refused. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;
/** What a waiting message costs besides its payload, roughly: it bounds the number of empty ones. */
const IN_FLIGHT_MESSAGE_BYTES = 1024;

const NO_CONTEXT = new Uint8Array(0);

/** The token must not be in it. */
const THINGSBOARD_ATTEMPT = 'take in a message of the device with this token';

const topicQuery = tenantQuery.extend({ topic: z.string().optional() });
const withoutIdDoc: RouteDoc = {
  summary: 'Refused: the path has to name the device',
  auth: 'device',
  answers: {},
  codes: ['device_missing'],
};
const ingestDoc: RouteDoc = {
  summary: 'Takes a message in; answered once it is durable',
  auth: 'device',
  query: topicQuery,
  request: 'any',
  answers: { 202: ingestedAnswer },
  codes: [
    ...([
      'credentials_invalid',
      'device_inactive',
      'device_unknown',
      'topic_unknown',
      'topic_forbidden',
      'query_invalid',
      'header_unsupported',
      'payload_empty',
      'payload_oversize',
      'encoding_unsupported',
    ] as const),
    ...([
      'encoding_malformed',
      'content_type_unsupported',
      'overloaded',
      'unavailable',
      'log_full',
      'log_failing',
      'state_exhausted',
    ] as const),
  ],
};

export interface IngestOptions {
  readonly plane: Pick<DataPlane, 'ingest'>;
  readonly registry: Pick<Registry, 'authenticateDevice' | 'byNumber' | 'byToken' | 'get' | 'unknown'>;
  readonly ledger: Pick<Ledger, 'refused'>;
  /** Says what `?topic=` means. */
  readonly rules: TenantRules;
  readonly subdevices: Pick<Subdevices, 'add'>;
}

export function ingestRoutes({ plane, registry, ledger, rules, subdevices }: IngestOptions): Route[] {
  let inFlightBytes = 0;

  /** Refuses a message that no gateway gets to see. */
  function refused(failure: ApiFailure, query: URLSearchParams, device?: Device): ApiFailure {
    ledger.refused(failure.error.code, tenantOf(query), device);
    return failure;
  }

  function admit(head: RequestHead, id: string): ApiFailure | undefined {
    const { authorization, query } = head;
    const attempt = `take in a message of device ${id}`;
    const token = bearerToken(authorization);
    if (token === undefined) {
      return refused(new ApiFailure('credentials_invalid', attempt, 'the Authorization header holds no bearer token'), query);
    }
    const device = registry.authenticateDevice(tenantOf(query), id, token);
    if (device instanceof ApiFailure) return refused(device, query);
    const refusal = inactive(device, attempt) ?? unhonoured(head, attempt);
    return refusal && refused(refusal, query, device);
  }

  async function handle({ params, query, contentType, body }: Request) {
    const attempt = `take in a message of device ${params[0]}`;
    // The head was judged before the body came; the device may have been changed since.
    const device = registry.get(tenantOf(query), params[0]!);
    if (!device) return refused(new ApiFailure('credentials_invalid', attempt), query);
    const refusal = inactive(device, attempt);
    if (refusal) return refused(refusal, query, device);
    const topic = query.get('topic');
    const problem = topic === null ? undefined : topicProblem(topic);
    if (problem !== undefined) return refused(new ApiFailure('query_invalid', attempt, `topic ${problem}`), query, device);
    return take(device, topic, { body, query, contentType }, attempt);
  }

  /** Takes a message of an active device in; `topic` null: it is one of its own topics. */
  async function take(device: Device, topic: string | null, request: Pick<Request, 'body' | 'query' | 'contentType'>, attempt: string) {
    const { body, query, contentType } = request;
    const format = postedFormat(contentType);
    if (isEmpty(body, format)) return refused(new ApiFailure('payload_empty', attempt), query, device);
    const bytes = body.length + IN_FLIGHT_MESSAGE_BYTES;
    if (inFlightBytes + bytes > IN_FLIGHT_BYTES_MAX) return refused(new ApiFailure('overloaded', attempt), query, device);
    inFlightBytes += bytes;
    try {
      const payload = { payload: body, format };
      const messages = topic === null ? undefined : await messagesOfAll(registry, rules, subdevices, device, topic, payload);
      if (typeof messages === 'number') return refused(failureOf(messages, attempt), query, device);
      if (messages) return answer(await ingestAll(plane, messages), attempt, undefined);
      const trouble = undecodable(body, format); // First: the payload belongs to a thread from the next line on.
      return answer(await plane.ingest(device.number, body, { format, context: NO_CONTEXT }), attempt, trouble);
    } finally {
      inFlightBytes -= bytes;
    }
  }

  /** ThingsBoard's clients have nothing but a token, in the path. */
  function byToken(token: string): Device | ApiFailure {
    const device = registry.byToken(token) ?? registry.unknown('credentials_invalid', THINGSBOARD_ATTEMPT);
    return device instanceof ApiFailure ? device : (inactive(device, THINGSBOARD_ATTEMPT) ?? device);
  }

  const thingsboard = (kind: 'telemetry' | 'attributes'): Route => ({
    method: 'POST',
    pattern: `/api/v1/:token/${kind}`,
    doc: { ...ingestDoc, summary: `Takes ${kind} in as ThingsBoard's clients send them`, query: tenantQuery },
    body: { bytesMax: PAYLOAD_BYTES_MAX, oversize: 'payload_oversize', types: postedTypes },
    admit: ({ query }, [token]) => {
      const device = byToken(token!);
      return device instanceof ApiFailure ? refused(device, query) : undefined;
    },
    refused: (failure, { query }, [token]) => void refused(failure, query, registry.byToken(token!)),
    handle: (request) => {
      const device = byToken(request.params[0]!);
      if (device instanceof ApiFailure) return refused(device, request.query);
      return take(device, `v1/devices/me/${kind}`, request, THINGSBOARD_ATTEMPT);
    },
  });

  return [
    {
      method: 'POST',
      pattern: '/v1/ingest',
      doc: withoutIdDoc,
      handle: ({ query }) => refused(new ApiFailure('device_missing', 'take in a message'), query),
    },
    {
      method: 'POST',
      pattern: '/v1/ingest/:id',
      doc: ingestDoc,
      body: { bytesMax: PAYLOAD_BYTES_MAX, oversize: 'payload_oversize', types: postedTypes },
      admit: (head, params) => admit(head, params[0]!),
      refused: (failure, { query }, params) => void refused(failure, query, registry.get(tenantOf(query), params[0]!)),
      handle,
    },
    thingsboard('telemetry'),
    thingsboard('attributes'),
  ];
}

function inactive(device: Device, attempt: string): ApiFailure | undefined {
  return device.status === 'active' ? undefined : new ApiFailure('device_inactive', attempt, `the device is ${device.status}`);
}

/** A header that elsewhere picks the tenant or the identity of a message, and here would be passed over in silence. */
function unhonoured({ query, tenantHeader, idempotencyKey }: RequestHead, attempt: string): ApiFailure | undefined {
  if (tenantHeader !== '' && tenantHeader !== tenantOf(query)) {
    return new ApiFailure('header_unsupported', attempt, 'X-Tenant is not read: name the tenant as ?tenant=');
  }
  if (idempotencyKey === '') return undefined;
  return new ApiFailure('header_unsupported', attempt, 'Idempotency-Key is not read: a "seq" in the payload tells what is sent again');
}

function tenantOf(query: URLSearchParams): string {
  return query.get('tenant') ?? TENANT_DEFAULT;
}

/** `trouble`: why the message, which is kept, cannot become readings. */
function answer(code: number, attempt: string, trouble: string | undefined) {
  if (code === CODE_NONE && trouble === undefined) return json(202, { status: 'durable' });
  if (code === CODE_NONE) return json(202, { status: 'undecodable', message: `the message is kept as a dead letter: ${trouble}` });
  return failureOf(code, attempt);
}

function failureOf(code: number, attempt: string): ApiFailure {
  const { name, cause } = refusalCode(code);
  return isApiCode(name) ? new ApiFailure(name, attempt) : new ApiFailure('unavailable', attempt, cause);
}
