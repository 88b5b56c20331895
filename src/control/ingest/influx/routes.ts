import { z } from 'zod';
import { FORMAT_LINE_PROTOCOL } from '../../../../assembly/abi/block.js';
import { CODE_NONE } from '../../../../assembly/abi/codes.js';
import { PROFILE_PLAIN } from '../../../../assembly/abi/profiles.js';
import { ApiFailure } from '../../../contract/api-errors.js';
import { encodeContext } from '../../../contract/record-context.js';
import type { RoutedMessage } from '../../../contract/topic-rules/routing.js';
import { type Answer, json, type Request } from '../../../http/exchange.js';
import { parseQuery } from '../../../http/input.js';
import type { Described, Route } from '../../../http/router.js';
import type { FaultFinder } from '../../letters/fault-finder.js';
import type { Device } from '../../registry/device.js';
import { failureOf } from '../failure.js';
import type { Intake } from '../intake.js';
import { ITEMS_MAX } from '../items.js';
import { protocolLines } from '../lines.js';
import type { NamedDevices } from '../named-devices.js';
import { judgedItems, type Outcome, refusalOfAll, refusedItems } from '../outcome.js';
import type { TokenDevices } from '../token-device.js';
import { inNanoseconds, precisions, tagOf } from './line.js';

/** A batch of Telegraf's has 1,000 lines; a larger one is halved by it. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Tags that name the device of a line of a gateway device, in their order, unless its metadata names another. */
const DEVICE_TAGS = ['device_id', 'host'];
const ATTEMPT = 'write lines';
const NO_CONTEXT = new Uint8Array(0);

/** Only what changes the meaning of the lines is read: `org`, `bucket`, `db` and `rp` are, as every line is the device's. */
const querySchema = z.object({
  precision: z.enum([...precisions.keys()] as [string, ...string[]]).default('ns'),
  wait: z.enum(['decoded']).optional(),
});

export interface InfluxOptions {
  readonly intake: Intake;
  readonly tokens: TokenDevices;
  readonly named: NamedDevices;
  readonly faults: FaultFinder;
}

/** The writing half of InfluxDB's API, versions 1 and 2. */
export function influxRoutes(options: InfluxOptions): Route[] {
  const { tokens } = options;
  const write = (pattern: string, summary: string): Route => ({
    method: 'POST',
    pattern,
    doc: {
      summary,
      auth: 'device',
      query: querySchema,
      request: 'any',
      answers: { 204: 'text', 400: partialAnswer },
      codes: [
        ...([
          'credentials_invalid',
          'device_inactive',
          'query_invalid',
          'payload_empty',
          'payload_oversize',
          'encoding_unsupported',
        ] as const),
        ...(['encoding_malformed', 'overloaded', 'unavailable', 'log_full', 'log_failing'] as const),
      ],
    },
    body: { bytesMax: BODY_BYTES_MAX, oversize: 'payload_oversize' },
    admit: (head) => {
      const device = tokens.admit(head, ATTEMPT);
      return device instanceof ApiFailure ? device : undefined;
    },
    refused: (failure, head) => tokens.refusedOf(failure, head),
    describe,
    handle: (request) => take(options, request),
  });
  return [
    write('/api/v2/write', "Takes in lines as InfluxDB's version 2 does"),
    write('/write', "Takes in lines as InfluxDB's version 1 does"),
    {
      method: 'GET',
      pattern: '/ping',
      doc: { summary: 'Answers clients of InfluxDB that look whether it is there', auth: 'nothing', answers: { 204: 'text' }, codes: [] },
      handle: () => NO_CONTENT,
    },
  ];
}

const NO_CONTENT: Answer = { status: 204, headers: [['cache-control', 'no-store']], body: '' };

const partialAnswer = z.looseObject({ code: z.string(), message: z.string() });

/** Error codes of InfluxDB's version 2 by status. */
const influxCodes: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  413: 'request too large',
  415: 'unsupported media type',
  500: 'internal error',
  503: 'unavailable',
};

function describe(failure: ApiFailure): Described {
  const code = influxCodes[failure.error.status] ?? 'invalid';
  return { type: 'application/json; charset=utf-8', body: JSON.stringify({ code, message: failure.message, ...failure.toJSON() }) };
}

async function take({ intake, tokens, named, faults }: InfluxOptions, request: Request): Promise<Answer | ApiFailure> {
  const device = tokens.admit(request, ATTEMPT);
  if (device instanceof ApiFailure) return device;
  const refused = (failure: ApiFailure) => tokens.refused(failure, device);
  const query = parseQuery(request.query, querySchema, ATTEMPT);
  if (query instanceof ApiFailure) return refused(query);
  const unit = precisions.get(query.precision)!;
  const lines = protocolLines(request.body).map((line) => inNanoseconds(line, unit));
  if (lines.length === 0) return refused(new ApiFailure('payload_empty', ATTEMPT));
  if (lines.length > ITEMS_MAX) return refused(new ApiFailure('payload_oversize', ATTEMPT, `it has more than ${ITEMS_MAX} lines`));
  const receivedAtMs = Date.now();
  const outcomes = await intake.within(request.body.length, lines.length, async () => {
    const messages = await messagesOf(named, device, lines);
    const taken = await intake.take(messages, query.wait !== undefined);
    return taken.map((one, index): Outcome => ({ index, message: messages[index]!, taken: one }));
  });
  if (!outcomes) return refused(new ApiFailure('overloaded', ATTEMPT));
  const code = refusalOfAll(outcomes);
  const sent = outcomes.map(({ message }) => message);
  if (code !== CODE_NONE) return failureOf(code, ATTEMPT, intake.retrySeconds(code, sent));
  if (query.wait !== undefined) {
    const items = judgedItems(outcomes, faults, receivedAtMs);
    return items.dead.length + items.skipped.length + (items.refused?.length ?? 0) === 0 && items.decoded === 'known'
      ? NO_CONTENT
      : partialWrite([...items.dead, ...items.skipped, ...(items.refused ?? [])], lines, items);
  }
  const notKept = refusedItems(outcomes);
  return notKept.length === 0 ? NO_CONTENT : partialWrite(notKept, lines, {});
}

/** A client drops what is answered with 400: everything else of the batch is durable. */
function partialWrite(faults: readonly { index: number; message: string }[], lines: readonly Uint8Array[], items: object): Answer {
  const [first] = faults;
  const line = first && Buffer.from(lines[first.index]!.subarray(0, 80)).toString();
  const why = first ? `: ${first.message}: '${line}'` : '';
  return json(400, {
    code: 'invalid',
    message: `partial write: ${faults.length} of ${lines.length} lines are not stored as written${why}`,
    ...items,
  });
}

/** Each line is a message of the token's device, or of the one that a tag names where that device is a gateway. */
async function messagesOf(named: NamedDevices, device: Device, lines: readonly Uint8Array[]): Promise<RoutedMessage[]> {
  if (!named.isGateway(device)) return lines.map((line) => messageOf(device.number, NO_CONTEXT, line));
  const { device_tag: chosen } = device.metadata;
  const tags = typeof chosen === 'string' ? [chosen] : DEVICE_TAGS;
  const found = lines.map((line) => tagOf(line, tags));
  const numbers = new Map<string, number | undefined>();
  for (const tag of found) if (tag && !numbers.has(tag.value)) numbers.set(tag.value, await named.obtain(device, tag.value));
  const contexts = new Map(tags.map((name) => [name, encodeContext({ profile: PROFILE_PLAIN, ownTag: name })]));
  return lines.map((line, index) => {
    const tag = found[index];
    const number = tag && numbers.get(tag.value);
    return number === undefined ? messageOf(device.number, NO_CONTEXT, line) : messageOf(number, contexts.get(tag!.name)!, line);
  });
}

function messageOf(device: number, context: Uint8Array, payload: Uint8Array): RoutedMessage {
  return { device, format: FORMAT_LINE_PROTOCOL, context, payload };
}
