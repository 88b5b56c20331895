import { z } from 'zod';
import { KIB } from '../../../assembly/abi/limits.js';
import { replayAnswer, replaysAnswer, retriedAnswer } from '../../contract/answers/letters.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { refusalCode } from '../../contract/codes.js';
import { formatNames } from '../../contract/content-types.js';
import type { DataPlane } from '../../contract/data-plane.js';
import { isoTime } from '../../contract/iso-time.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, timeSchema } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { tenantSchema } from '../registry/input.js';
import type { Replay, Replays } from './replays.js';

const IDS_MAX = 5000;
/** A payload in Base64 and some words. */
const RETRY_BODY = { bytesMax: 256 * KIB, oversize: 'body_oversize' } as const;
const idSchema = z.string().regex(/^\d{1,18}$/, 'must be the id of a dead letter');

const filterSchema = z.strictObject({
  tenant: tenantSchema,
  device_id: z.string().optional(),
  device_class: z.string().optional(),
  reason: z.string().optional(),
  from: timeSchema.optional(),
  to: timeSchema.optional(),
});
const replaySchema = z.union([z.strictObject({ ids: z.array(idSchema).min(1).max(IDS_MAX) }), z.strictObject({ filter: filterSchema })]);
const retrySchema = z.strictObject({
  payload_base64: z.base64().optional(),
  format: z.enum(['auto', ...formatNames.keys()]).optional(),
});

const replayDoc: RouteDoc = {
  summary: 'Sends dead letters through the pipeline again; each is stored once',
  auth: 'operator',
  scope: 'deployment',
  request: replaySchema,
  answers: { 202: replayAnswer },
  codes: ['gateway_missing'],
};
const listDoc: RouteDoc = {
  summary: 'Replays of this process, newest first',
  auth: 'viewer',
  scope: 'deployment',
  answers: { 200: replaysAnswer },
  codes: [],
};
const oneDoc: RouteDoc = {
  summary: 'How far a replay is',
  auth: 'viewer',
  scope: 'deployment',
  answers: { 200: replayAnswer },
  codes: ['replay_unknown'],
};
const retryDoc: RouteDoc = {
  summary: 'Tries one dead letter again, with another payload or format if they are given',
  auth: 'operator',
  scope: 'deployment',
  request: retrySchema,
  answers: { 200: retriedAnswer },
  codes: ['dead_letter_unknown', 'gateway_missing'],
};

export interface ReplayRoutesOptions {
  readonly replays: Pick<Replays, 'replays' | 'retry' | 'start'>;
  readonly plane: Pick<DataPlane, 'intake'>;
  readonly keys: KeyCheck;
}

export function replayRoutes({ replays, plane, keys }: ReplayRoutesOptions): Route[] {
  const admit = adminOnly(keys);
  /** Letters go into the log by a gateway of this process. */
  const closed = (attempt: string) => (plane.intake().gateways > 0 ? undefined : new ApiFailure('gateway_missing', attempt));

  async function start({ body }: Request) {
    const attempt = 'replay dead letters';
    const input = parseBody(body, replaySchema, attempt);
    if (input instanceof ApiFailure) return input;
    const failure = closed(attempt);
    if (failure) return failure;
    if ('ids' in input) return json(202, viewReplay(await replays.start({ ids: input.ids })));
    const { tenant, device_id: device, device_class: deviceClass, reason, from: fromMs, to: toMs } = input.filter;
    return json(202, viewReplay(await replays.start({ tenant, device, deviceClass, reason, fromMs, toMs })));
  }

  function one({ params }: Request) {
    const replay = replays.replays.find(({ id }) => String(id) === params[0]);
    return replay ? json(200, viewReplay(replay)) : new ApiFailure('replay_unknown', `show replay ${params[0]}`);
  }

  async function retry({ params, body }: Request) {
    const attempt = `try dead letter ${params[0]} again`;
    const input = parseBody(body, retrySchema, attempt);
    if (input instanceof ApiFailure) return input;
    const failure = closed(attempt);
    if (failure) return failure;
    const { payload_base64: payload, format } = input;
    const outcome = idSchema.safeParse(params[0]).success
      ? await replays.retry(params[0]!, {
          ...(payload !== undefined && { payload: Buffer.from(payload, 'base64') }),
          ...(format !== undefined && { format: formatNames.get(format) ?? 0 }),
        })
      : undefined;
    if (outcome === undefined) return new ApiFailure('dead_letter_unknown', attempt);
    if (outcome.kind === 'stored') return json(200, { status: 'stored', id: null, reason: null });
    if (outcome.kind === 'dead') return json(200, { status: 'dead', id: outcome.id, reason: outcome.reason });
    return json(200, { status: 'refused', id: null, reason: refusalCode(outcome.code).name });
  }

  return [
    { method: 'POST', pattern: '/v1/dead-letters/replay', doc: replayDoc, body: ADMIN_BODY, admit, handle: start },
    {
      method: 'GET',
      pattern: '/v1/dead-letters/replays',
      doc: listDoc,
      admit,
      handle: () => json(200, { replays: replays.replays.map(viewReplay) }),
    },
    { method: 'GET', pattern: '/v1/dead-letters/replays/:id', doc: oneDoc, admit, handle: one },
    { method: 'POST', pattern: '/v1/dead-letters/:id/retry', doc: retryDoc, body: RETRY_BODY, admit, handle: retry },
  ];
}

function viewReplay({ id, startedMs, state, letters, replayed, deadAgain, refused, endedMs, cause }: Replay) {
  const ended = endedMs === undefined ? null : isoTime(endedMs);
  return {
    id,
    state,
    letters,
    replayed,
    dead_again: deadAgain,
    refused,
    started_at: isoTime(startedMs),
    ended_at: ended,
    cause: cause ?? null,
  };
}
