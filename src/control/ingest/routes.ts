import { z } from 'zod';
import { FORMAT_PROTOBUF } from '../../../assembly/abi/block.js';
import { CODE_NONE } from '../../../assembly/abi/codes.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { ingestedAnswer } from '../../contract/answers/operation.js';
import { ApiFailure } from '../../contract/api-errors.js';
import type { RoutedMessage } from '../../contract/topic-rules/routing.js';
import type { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import { bearerToken } from '../../http/auth.js';
import { json, type Request, type RequestHead } from '../../http/exchange.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import type { Ledger } from '../ledger/ledger.js';
import type { FaultFinder } from '../letters/fault-finder.js';
import type { Device } from '../registry/device.js';
import { TENANT_DEFAULT, tenantQuery } from '../registry/input.js';
import type { Registry } from '../registry/registry.js';
import type { Subdevices } from '../registry/subdevices.js';
import type { Schemas } from '../schemas/schemas.js';
import { messagesOfAll, topicProblem } from './by-topic.js';
import { postedFormat, postedTypes } from './content-types.js';
import { type DenyingRules, denied } from './denied.js';
import { failureOf } from './failure.js';
import type { Intake } from './intake.js';
import { type Items, itemsOf } from './items.js';
import { judgedItems, refusalOfAll, refusedItems } from './outcome.js';
import { isEmpty, undecodable } from './payload-shape.js';

const NO_CONTEXT = new Uint8Array(0);

/** The token must not be in it. */
const THINGSBOARD_ATTEMPT = 'take in a message of the device with this token';

const waitSchema = z.enum(['decoded']).optional();
const ingestQuery = tenantQuery.extend({ topic: z.string().optional(), wait: waitSchema });
const withoutIdDoc: RouteDoc = {
  summary: 'Refused: the path has to name the device',
  auth: 'device',
  answers: {},
  codes: ['device_missing'],
};
const ingestDoc: RouteDoc = {
  summary: 'Takes messages in; answered once they are durable, with ?wait=decoded once the pipeline has judged them',
  auth: 'device',
  query: ingestQuery,
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
  readonly intake: Intake;
  readonly faults: FaultFinder;
  readonly registry: Pick<Registry, 'authenticateDevice' | 'byNumber' | 'byToken' | 'get' | 'unknown'>;
  readonly ledger: Pick<Ledger, 'refused'>;
  /** Says what `?topic=` means. */
  readonly rules: TenantRules;
  readonly subdevices: Pick<Subdevices, 'add'>;
  readonly schemas: Pick<Schemas, 'byNumber' | 'numberOf'>;
  readonly acl: DenyingRules;
}

export function ingestRoutes({ intake, faults, registry, ledger, rules, subdevices, schemas, acl }: IngestOptions): Route[] {
  /** Refuses a message that no gateway gets to see. */
  function refused(failure: ApiFailure, query: URLSearchParams, device?: Device, tried?: string): ApiFailure {
    ledger.refused(failure.error.code, tenantOf(query), device, tried);
    return failure;
  }

  function admit(head: RequestHead, id: string): ApiFailure | undefined {
    const { authorization, query } = head;
    const attempt = `take in a message of device ${id}`;
    const token = bearerToken(authorization);
    if (token === undefined) {
      return refused(
        new ApiFailure('credentials_invalid', attempt, 'the Authorization header holds no bearer token'),
        query,
        undefined,
        id,
      );
    }
    const device = registry.authenticateDevice(tenantOf(query), id, token);
    if (device instanceof ApiFailure) return refused(device, query, undefined, id);
    const refusal = inactive(device, attempt) ?? unhonoured(head, attempt);
    return refusal && refused(refusal, query, device);
  }

  async function handle({ params, query, contentType, body }: Request) {
    const attempt = `take in a message of device ${params[0]}`;
    // The head was judged before the body came; the device may have been changed since.
    const device = registry.get(tenantOf(query), params[0]!);
    if (!device) return refused(new ApiFailure('credentials_invalid', attempt), query, undefined, params[0]);
    const refusal = inactive(device, attempt);
    if (refusal) return refused(refusal, query, device);
    const topic = query.get('topic');
    const ofTopic = topic === null ? undefined : topicProblem(topic);
    const problem = ofTopic === undefined ? waitProblem(query) : `topic ${ofTopic}`;
    if (problem !== undefined) return refused(new ApiFailure('query_invalid', attempt, problem), query, device);
    return take(device, topic, { body, query, contentType }, attempt);
  }

  /** Takes the messages of a body in; `topic` null: it is one of the device's own topics. */
  async function take(device: Device, topic: string | null, request: Pick<Request, 'body' | 'query' | 'contentType'>, attempt: string) {
    const { body, query, contentType } = request;
    const denial = denied(acl, device, topic, attempt);
    if (denial) return refused(denial, query, device);
    const format = postedFormat(contentType);
    if (format === FORMAT_PROTOBUF && topic === null && !isReadAsProtobuf(device)) {
      return refused(
        new ApiFailure('content_type_unsupported', attempt, 'no schema says how to read Protobuf of this device'),
        query,
        device,
      );
    }
    // A message of Protobuf whose fields are all 0 has no bytes.
    if (format !== FORMAT_PROTOBUF && isEmpty(body, format)) return refused(new ApiFailure('payload_empty', attempt), query, device);
    const isRefused = (payload: Uint8Array, format: number) => faults.isRefused({ device: device.number, payload, format });
    const items = topic === null ? itemsOf(body, format, isRefused) : { format, payloads: [body] };
    const taken = await intake.within(body.length, items.payloads.length, async () => {
      const routed =
        topic === null
          ? ofDevice(device, items)
          : await messagesOfAll(registry, rules, subdevices, device, topic, { payload: body, format });
      if (typeof routed === 'number') return refused(failureOf(routed, attempt), query, device);
      return judge(routed, topic === null, query.get('wait') !== null, attempt);
    });
    return taken ?? refused(new ApiFailure('overloaded', attempt), query, device);
  }

  /** `hasItems`: each message is an item of the body; else all are what one item says. */
  async function judge(messages: readonly RoutedMessage[], hasItems: boolean, isAwaited: boolean, attempt: string) {
    const receivedAtMs = Date.now();
    // First: payloads belong to a thread once they are handed in and not waited for.
    const trouble = isAwaited || !hasItems ? undefined : troubleOf(messages);
    const taken = await intake.take(messages, isAwaited);
    const outcomes = taken.map((one, index) => ({ index: hasItems ? index : 0, message: messages[index]!, taken: one }));
    const code = refusalOfAll(outcomes);
    if (code !== CODE_NONE) return failureOf(code, attempt, intake.retrySeconds(code, messages));
    if (isAwaited) return json(202, judgedItems(outcomes, faults, receivedAtMs));
    if (trouble !== undefined) return json(202, { status: 'undecodable', message: trouble });
    const notKept = refusedItems(outcomes);
    return json(202, { status: 'durable', ...(notKept.length > 0 && { refused: notKept }) });
  }

  function isReadAsProtobuf(device: Device): boolean {
    return schemas.byNumber(schemas.numberOf(device))?.version.format === 'protobuf';
  }

  /** ThingsBoard's clients have nothing but a token, in the path. */
  function byToken(token: string): Device | ApiFailure {
    const device = registry.byToken(token) ?? registry.unknown('credentials_invalid', THINGSBOARD_ATTEMPT);
    return device instanceof ApiFailure ? device : (inactive(device, THINGSBOARD_ATTEMPT) ?? device);
  }

  const thingsboard = (kind: 'telemetry' | 'attributes'): Route => ({
    method: 'POST',
    pattern: `/api/v1/:token/${kind}`,
    doc: { ...ingestDoc, summary: `Takes ${kind} in as ThingsBoard's clients send them`, query: tenantQuery.extend({ wait: waitSchema }) },
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

/** Messages of a device that name no topic. */
function ofDevice({ number }: Device, { format, payloads }: Items): RoutedMessage[] {
  return payloads.map((payload) => ({ device: number, format, context: NO_CONTEXT, payload }));
}

/** Why messages that are kept cannot become readings, as far as a look tells. */
function troubleOf(messages: readonly RoutedMessage[]): string | undefined {
  const found = messages.map(({ payload, format }) => undecodable(payload, format));
  const index = found.findIndex((trouble) => trouble !== undefined);
  if (index < 0) return undefined;
  return `${messages.length === 1 ? 'the message' : `item ${index}`} is kept as a dead letter: ${found[index]}`;
}

function waitProblem(query: URLSearchParams): string | undefined {
  return waitSchema.safeParse(query.get('wait') ?? undefined).success ? undefined : 'wait must be decoded, or left out';
}
