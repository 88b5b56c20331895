import { z } from 'zod';
import { captureAnswer, capturedMessagesAnswer, capturesAnswer } from '../../contract/answers/debug.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { adminOnly, bearerToken, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody, parseQuery, wholeNumber } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { deviceIdSchema, TENANT_DEFAULT, tenantSchema } from '../registry/input.js';
import type { Captures } from './captures.js';
import { type CaptureNames, viewCapture, viewEntry } from './view.js';

const SECONDS_MAX = 600;
const MESSAGES_MAX = 1000;
const PAGE_MAX = 200;

const newCaptureSchema = z
  .strictObject({
    tenant: tenantSchema.unwrap().optional(),
    device_id: deviceIdSchema.optional(),
    unknown: z.literal(true, 'must be true, or left out').optional(),
    seconds: wholeMember(1, SECONDS_MAX, 60),
    messages_max: wholeMember(1, MESSAGES_MAX, 200),
  })
  .refine(({ device_id, unknown }) => (device_id === undefined) !== (unknown === undefined), {
    path: ['device_id'],
    message: 'or "unknown": true must be there, and not both',
  });

const readQuery = z.strictObject({
  after: wholeNumber(0, 999_999_999, 0),
  limit: wholeNumber(1, PAGE_MAX, PAGE_MAX),
});

const beginDoc: RouteDoc = {
  summary: 'Captures the last messages of a device, or of clients that are refused at the door, for a while',
  auth: 'operator',
  scope: 'deployment',
  request: newCaptureSchema,
  answers: { 201: captureAnswer },
  codes: ['device_unknown', 'captures_exhausted'],
};
const listDoc: RouteDoc = {
  summary: 'The captures of this process',
  auth: 'viewer',
  scope: 'deployment',
  answers: { 200: capturesAnswer },
  codes: [],
};
const readDoc: RouteDoc = {
  summary: 'What a capture has seen, oldest first; `after` is the `next` of the answer before',
  auth: 'viewer',
  scope: 'deployment',
  query: readQuery,
  answers: { 200: capturedMessagesAnswer },
  codes: ['capture_unknown', 'query_invalid'],
};
const endDoc: RouteDoc = {
  summary: 'Ends a capture, which can be read for ten minutes more',
  auth: 'operator',
  scope: 'deployment',
  answers: { 200: captureAnswer },
  codes: ['capture_unknown'],
};

export interface DebugRoutesOptions extends CaptureNames {
  readonly captures: Captures;
  readonly keys: KeyCheck & { idOf(key: string): number | undefined };
}

/** Captures: begun, listed, read, and ended. */
export function debugRoutes({ captures, keys, ...names }: DebugRoutesOptions): Route[] {
  const admit = adminOnly(keys);
  const one = '/v1/debug/captures/:id';

  function begin({ body, authorization }: Request): Answer | ApiFailure {
    const input = parseBody(body, newCaptureSchema, 'begin a capture');
    if (input instanceof ApiFailure) return input;
    const { device_id: deviceId, seconds, messages_max: messagesMax } = input;
    const tenant = input.tenant ?? (deviceId === undefined ? undefined : TENANT_DEFAULT);
    const key = keys.idOf(bearerToken(authorization) ?? '');
    const capture = captures.begin({ tenant, deviceId, seconds, messagesMax, key });
    return capture instanceof ApiFailure ? capture : json(201, viewCapture(capture));
  }

  function read({ params, query }: Request): Answer | ApiFailure {
    const attempt = `read capture ${params[0]}`;
    const asked = parseQuery(query, readQuery, attempt);
    if (asked instanceof ApiFailure) return asked;
    const capture = captures.get(idOf(params[0]!));
    if (!capture) return new ApiFailure('capture_unknown', attempt);
    const entries = capture.after(asked.after, asked.limit);
    const captured = entries.map((entry) => viewEntry(entry, names));
    return json(200, { ...viewCapture(capture), captured, next: entries.at(-1)?.number ?? asked.after });
  }

  function end({ params }: Request): Answer | ApiFailure {
    const capture = captures.end(idOf(params[0]!));
    return capture ? json(200, viewCapture(capture)) : new ApiFailure('capture_unknown', `end capture ${params[0]}`);
  }

  return [
    { method: 'POST', pattern: '/v1/debug/captures', doc: beginDoc, body: ADMIN_BODY, admit, handle: begin },
    {
      method: 'GET',
      pattern: '/v1/debug/captures',
      doc: listDoc,
      admit,
      handle: () => json(200, { captures: captures.all.map(viewCapture) }),
    },
    { method: 'GET', pattern: one, doc: readDoc, admit, handle: read },
    { method: 'DELETE', pattern: one, doc: endDoc, admit, handle: end },
  ];
}

function wholeMember(from: number, to: number, otherwise: number) {
  const problem = `must be a whole number from ${from} to ${to}`;
  return z.int(problem).min(from, problem).max(to, problem).default(otherwise);
}

/** 0 is no capture's. */
function idOf(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
