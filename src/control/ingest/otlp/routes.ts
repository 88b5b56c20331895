import { z } from 'zod';
import { CODE_NONE } from '../../../../assembly/abi/codes.js';
import { ApiFailure } from '../../../contract/api-errors.js';
import { refusalCode } from '../../../contract/codes.js';
import type { Answer, Request, RequestHead } from '../../../http/exchange.js';
import { parseQuery } from '../../../http/input.js';
import type { Described, Route } from '../../../http/router.js';
import type { MetricNames } from '../../metrics/metric-names.js';
import type { StatedUnits } from '../../units/stated-units.js';
import { failureOf } from '../failure.js';
import type { Intake } from '../intake.js';
import type { NamedDevices } from '../named-devices.js';
import { type Outcome, refusalOfAll } from '../outcome.js';
import type { TokenDevices } from '../token-device.js';
import { POINTS_MAX, type Rejections, type StatedUnit, translate } from './request.js';
import { StartTimes } from './start-times.js';
import { type Json, objectOf } from './values.js';
import { type Encoding, mediaType, readRequest, writeResponse, writeStatus } from './wire.js';

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const ATTEMPT = 'take in metrics of OTLP';
const TYPES = ['application/x-protobuf', 'application/json'];

const querySchema = z.object({ wait: z.enum(['decoded']).optional() });
const answerSchema = z.strictObject({
  partialSuccess: z.strictObject({ rejectedDataPoints: z.string(), errorMessage: z.string() }).optional(),
});

export interface OtlpOptions {
  readonly intake: Intake;
  readonly tokens: TokenDevices;
  readonly named: NamedDevices;
  readonly counts: PointCounts;
  readonly metricNames: Pick<MetricNames, 'number'>;
  readonly stated: Pick<StatedUnits, 'add'>;
}

/** Data points since the start. */
export class PointCounts {
  taken = 0;
  rejected = 0;
}

/** Metrics of OpenTelemetry over HTTP, in both encodings. */
export function otlpRoutes(options: OtlpOptions): Route[] {
  const { tokens } = options;
  const starts = new StartTimes();
  return [
    {
      method: 'POST',
      pattern: '/v1/metrics',
      doc: {
        summary: 'Takes in metrics of OpenTelemetry (OTLP/HTTP), in Protobuf or JSON',
        auth: 'device',
        query: querySchema,
        request: 'any',
        answers: { 200: answerSchema },
        codes: [
          ...(['credentials_invalid', 'device_inactive', 'query_invalid', 'encoding_malformed', 'content_type_unsupported'] as const),
          ...(['overloaded', 'unavailable', 'log_full', 'log_failing'] as const),
        ],
      },
      body: { bytesMax: BODY_BYTES_MAX, oversize: 'body_oversize', types: TYPES },
      admit: (head) => {
        const device = tokens.admit(head, ATTEMPT);
        return device instanceof ApiFailure ? device : undefined;
      },
      refused: (failure, head) => tokens.refusedOf(failure, head),
      describe,
      handle: (request) => take(options, starts, request),
    },
  ];
}

async function take(options: OtlpOptions, starts: StartTimes, request: Request): Promise<Answer | ApiFailure> {
  const { intake, tokens, named, counts } = options;
  const device = tokens.admit(request, ATTEMPT);
  if (device instanceof ApiFailure) return device;
  const refused = (failure: ApiFailure) => tokens.refused(failure, device);
  const query = parseQuery(request.query, querySchema, ATTEMPT);
  if (query instanceof ApiFailure) return refused(query);
  const encoding = encodingOf(request);
  const document = readRequest(encoding, request.body);
  if (!isRequest(document)) return refused(new ApiFailure('body_malformed', ATTEMPT, 'the body is no ExportMetricsServiceRequest'));
  const translated = await translate(document, { device, named, starts });
  if (!translated) return refused(new ApiFailure('body_oversize', ATTEMPT, `it has more than ${POINTS_MAX} data points`));
  const { messages, points, rejected } = translated;
  const all = messages.all();
  const outcomes = await intake.within(request.body.length, all.length, async () => {
    const taken = await intake.take(
      all.map(({ message }) => message),
      query.wait !== undefined,
    );
    return taken.map((one, index): Outcome => ({ index, message: all[index]!.message, taken: one }));
  });
  if (!outcomes) return refused(new ApiFailure('overloaded', ATTEMPT));
  const code = refusalOfAll(outcomes);
  const sent = outcomes.map(({ message }) => message);
  if (code !== CODE_NONE) return failureOf(code, ATTEMPT, intake.retrySeconds(code, sent));
  for (const start of translated.starts) starts.note(...start);
  noteUnits(options, translated.units);
  for (const { index, taken } of outcomes) {
    const fault = taken.code === CODE_NONE ? (taken.verdict?.code ?? CODE_NONE) : taken.code;
    if (fault === CODE_NONE) continue;
    const { name, cause } = refusalCode(fault);
    rejected.add(all[index]!.points, `${name}: ${cause}`);
  }
  counts.taken += points - rejected.points;
  counts.rejected += rejected.points;
  return answer(encoding, rejected, points);
}

/** A series that has no number yet gets its unit with its next points. */
function noteUnits({ metricNames, stated }: OtlpOptions, units: readonly StatedUnit[]): void {
  for (const [device, name, unit] of units) {
    const metric = metricNames.number(name);
    if (metric !== undefined) stated.add({ device, metric, unit });
  }
}

function answer(encoding: Encoding, { points: rejected, cause }: Rejections, points: number): Answer {
  const errorMessage = `${rejected} of ${points} data points are not stored: ${cause}`;
  const body = writeResponse(encoding, rejected === 0 ? undefined : { rejectedDataPoints: String(rejected), errorMessage });
  return { status: 200, headers: [['content-type', mediaType(encoding)]], body };
}

/** A body without a type is Protobuf, OTLP's own. */
function encodingOf({ contentType }: Pick<RequestHead, 'contentType'>): Encoding {
  return contentType.split(';', 1)[0]!.trim().toLowerCase() === 'application/json' ? 'json' : 'protobuf';
}

function isRequest(document: unknown): document is Json {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return false;
  const { resourceMetrics } = objectOf(document);
  return resourceMetrics === undefined || Array.isArray(resourceMetrics);
}

/** Codes of google.rpc.Status by status. */
const rpcCodes: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 413: 3, 415: 3, 429: 8, 500: 13, 503: 14 };
const RPC_UNKNOWN = 2;

function describe(failure: ApiFailure, head: RequestHead): Described {
  const encoding = encodingOf(head);
  const code = rpcCodes[failure.error.status] ?? RPC_UNKNOWN;
  return { type: mediaType(encoding), body: writeStatus(encoding, code, failure.message, failure.toJSON()) };
}
