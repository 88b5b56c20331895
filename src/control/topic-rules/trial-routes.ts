import { CODE_NONE, CODE_TOPIC_FORBIDDEN } from '../../../assembly/abi/codes.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { topicRuleTrialAnswer } from '../../contract/answers/topic-rules.js';
import { ApiFailure, codeOf } from '../../contract/api-errors.js';
import { refusalCode } from '../../contract/codes.js';
import type { SchemaSource } from '../../contract/schemas/schema-port.js';
import { topicWithin } from '../../contract/topic-rules/own-topics.js';
import { planOf } from '../../contract/topic-rules/plan.js';
import { type RoutedMessage, routeMessage, type Sender } from '../../contract/topic-rules/routing.js';
import { ruleProblem } from '../../contract/topic-rules/rule-set.js';
import { amongBuiltIn } from '../../contract/topic-rules/tenant-rules.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { type Answer, json, type Request } from '../../http/exchange.js';
import { parseBody } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { refusalOf } from '../ingest/by-topic.js';
import { postedFormat } from '../ingest/content-types.js';
import { type DenyingRules, denied } from '../ingest/denied.js';
import { isoMicros } from '../queries/iso-micros.js';
import type { Registry } from '../registry/registry.js';
import { mayAddSubdevices } from '../registry/subdevices.js';
import type { Schemas } from '../schemas/schemas.js';
import type { TimeZones } from '../time-zones/time-zones.js';
import { unitOf } from '../units/metric-units.js';
import { ruleOf, TRIAL_BODY, trialSchema } from './input.js';
import type { TopicRules } from './topic-rules.js';
import { type Trial, TrialDecoder, type TrialReading, withSchema } from './trial-decoder.js';

const ATTEMPT = 'try a topic rule';
/** Of a connection whose device is not registered: no device has it. */
const NOBODY = -1;

const doc: RouteDoc = {
  summary: 'Says what a message on a topic would become, without storing it',
  auth: 'viewer',
  scope: 'tenant',
  request: trialSchema,
  answers: { 200: topicRuleTrialAnswer },
  codes: ['payload_oversize'],
};

export interface TrialRoutesOptions {
  readonly topicRules: Pick<TopicRules, 'of' | 'offOf' | 'rules'>;
  readonly registry: Pick<Registry, 'get' | 'byNumber'>;
  /** Messages of a device that has a schema are read by it, and their units are its. */
  readonly schemas: SchemaSource & Pick<Schemas, 'unitOf'>;
  readonly acl: DenyingRules;
  readonly timeZones?: Pick<TimeZones, 'nameOf'>;
  readonly keys: KeyCheck;
}

/** Messages tried: whose their readings would be, and what they say. */
export function trialRoutes({ topicRules, registry, schemas, timeZones, acl, keys }: TrialRoutesOptions): Route[] {
  const decoder = new TrialDecoder(timeZones);

  async function handle({ body }: Request): Promise<Answer | ApiFailure> {
    const input = parseBody(body, trialSchema, ATTEMPT);
    if (input instanceof ApiFailure) return input;
    const { tenant, device_id: deviceId, content_type: contentType, rule: form } = input;
    const payload = Buffer.from(input.payload_base64, 'base64');
    if (payload.length > PAYLOAD_BYTES_MAX) return new ApiFailure('payload_oversize', ATTEMPT);
    const draft = form && ruleOf(form.name, form);
    const problem = draft && ruleProblem(draft);
    if (problem !== undefined) return new ApiFailure('body_invalid', ATTEMPT, `rule.${problem.replace(': ', ' ')}`);
    const usable = topicRules.of(tenant).filter((rule) => ruleProblem(rule) === undefined);
    const rules = draft ? amongBuiltIn([draft, ...usable], topicRules.offOf(tenant)) : topicRules.rules.of(tenant);
    const device = deviceId === undefined ? undefined : registry.get(tenant, deviceId);
    const topic = device && denied(acl, device, input.topic, ATTEMPT) ? undefined : topicWithin(tenant, input.topic);
    if (topic === undefined) {
      return json(200, { device_id: deviceId ?? null, readings: [], rule: null, decoder: null, ...reasonOf(CODE_TOPIC_FORBIDDEN) });
    }
    const match = rules.match(topic);
    const plan = match && planOf(match);
    const named = plan?.device.kind === 'device' ? plan.device.id : undefined;
    const sender = senderOf(tenant, deviceId ?? named);
    const format = contentType === undefined ? {} : { format: postedFormat(contentType) };
    const messages = routeMessage(rules, topic, payload, sender, format);
    const by = { rule: match?.rule.name ?? null, decoder: match?.rule.decoder ?? null };
    if (typeof messages === 'number') return json(200, { device_id: deviceId ?? null, readings: [], ...by, ...reasonOf(messages) });
    const refusal = messages.map((message) => refusalOf(known(sender), message)).find((code) => code !== CODE_NONE);
    const idOf = (number: number) => (number === sender.number ? sender.id : registry.byNumber(number)?.id) || null;
    const target = idOf(messages[0]?.device ?? NOBODY);
    if (refusal !== undefined) return json(200, { device_id: target, readings: [], ...by, ...reasonOf(refusal) });
    return json(200, { device_id: target, ...by, ...viewOf(await decodeOf(messages), target, { idOf, unitOf: unitOfReading }) });
  }

  const schemaOf = (device: number) => registry.byNumber(device)?.schema ?? 0;

  /** As a gateway stamps them: each message names the schema version and the time zone of its device. */
  async function decodeOf(messages: readonly RoutedMessage[]): Promise<Trial> {
    const numbers = [...new Set(messages.map(({ device }) => schemaOf(device)))].filter((number) => number > 0);
    const plans = await Promise.all(numbers.map((number) => schemas.planOf(number)));
    const stamped = messages.map((message) => {
      const { schema, timeZone } = registry.byNumber(message.device) ?? { schema: 0, timeZone: 0 };
      return { ...(schema > 0 ? withSchema(message, schema) : message), timeZone };
    });
    const known = plans.flatMap((plan) => plan ?? []);
    return decoder.decode(stamped, Date.now() * 1000, known);
  }

  const unitOfReading = ({ device, metric, unit }: TrialReading) => unitOf(schemas, schemaOf(device), metric, unit);

  /** The connection; without a device that is registered it may speak for nobody else. */
  function senderOf(tenant: string, id: string | undefined): Sender {
    const find = (name: string) => registry.get(tenant, name);
    const device = id === undefined ? undefined : find(id);
    return { number: device?.number ?? NOBODY, id: id ?? '', isGateway: device && mayAddSubdevices(device), find };
  }

  /** A device that is tried before it is registered counts as active. */
  const known = ({ number }: Sender) => ({
    byNumber: (asked: number) => (asked === NOBODY && number === NOBODY ? ({ status: 'active' } as const) : registry.byNumber(asked)),
  });

  return [{ method: 'POST', pattern: '/v1/topic-rules/test', doc, body: TRIAL_BODY, admit: adminOnly(keys), handle }];
}

interface Names {
  /** Of a device with this number. */
  readonly idOf: (device: number) => string | null;
  readonly unitOf: (reading: TrialReading) => string | undefined;
}

function viewOf({ readings, reasons }: Trial, device: string | null, { idOf, unitOf }: Names) {
  const viewed = readings.map((reading) => {
    const { device: number, metric, value, tsUs } = reading;
    const own = idOf(number);
    const unit = unitOf(reading);
    const said = { metric, value, ts: isoMicros(tsUs), ...(unit !== undefined && { unit }) };
    return { ...said, ...(own !== null && own !== device && { device_id: own }) };
  });
  return { readings: viewed, ...(reasons[0] !== undefined && { reason: reasons[0], cause: codeOf(reasons[0])?.cause }) };
}

function reasonOf(code: number): { reason: string; cause: string } {
  const { name, cause } = refusalCode(code);
  return { reason: name, cause };
}
