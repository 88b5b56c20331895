import { ApiFailure } from '../../contract/api-errors.js';
import type { LoggedMessage } from '../../contract/recent-log.js';
import { decodeContext } from '../../contract/record-context.js';
import type { SchemaPlan } from '../../contract/schemas/schema-plan.js';
import { type RoutedMessage, routeMessage } from '../../contract/topic-rules/routing.js';
import { type RuleSet, ruleProblem } from '../../contract/topic-rules/rule-set.js';
import { amongBuiltIn } from '../../contract/topic-rules/tenant-rules.js';
import type { TopicRule } from '../../contract/topic-rules/topic-rule.js';
import type { Device } from '../registry/device.js';
import type { Registry } from '../registry/registry.js';
import { mayAddSubdevices } from '../registry/subdevices.js';
import { Resolver } from '../schemas/resolver.js';
import { latestOf, planOf, type Schema } from '../schemas/schema-version.js';
import type { NewSchema, Schemas } from '../schemas/schemas.js';
import type { TopicRules } from '../topic-rules/topic-rules.js';
import { withSchema } from '../topic-rules/trial-decoder.js';

/** Number of the version that is not made yet; no version has it. */
const DRAFT_NUMBER = 0x7fffffff;

/** What would be activated, and what it makes of messages. */
export interface Candidate {
  readonly kind: 'schema' | 'topic_rule' | 'pack';
  readonly tenant: string;
  readonly subject: string;
  /** Plans of its own that its messages may name; others are those of versions that there are. */
  readonly plans: readonly SchemaPlan[];
  /** The messages that one of the log would be; undefined: the candidate has no say in it. A code: it would be refused. */
  of(message: LoggedMessage, device: Device): readonly RoutedMessage[] | number | undefined;
  /** Answers what it became. */
  activate(attempt: string): Promise<{ schema_id?: string; version?: number; rule?: string; pack?: string } | ApiFailure>;
}

/** A version of a schema that is not made yet: of one that there is, or of a new one. */
export async function schemaCandidate(schemas: Schemas, attempt: string, input: NewSchema): Promise<Candidate | ApiFailure> {
  const { tenant, deviceClass, firmwareVersion } = input;
  const before = schemas
    .of(tenant)
    .find((one) => one.deviceClass === deviceClass && one.firmwareVersion === firmwareVersion && one.retiredAtMs === undefined);
  const whole = input.definition === undefined && before ? { ...input, definition: latestOf(before).definition } : input;
  const draft = schemas.draft(attempt, whole, before);
  if (draft instanceof ApiFailure) return draft;
  const plan = await schemas.withCodec(tenant, draft.format, planOf({ ...draft, number: DRAFT_NUMBER }, draft.read));
  if (!plan) return new ApiFailure('codec_unknown', attempt);
  const isFor = before ? isReadBy(before) : isOfClass(input);
  return {
    kind: 'schema',
    tenant,
    subject: deviceClass,
    plans: [plan],
    of: ({ format, context, payload }, device) =>
      isFor(device) ? [withSchema({ device: device.number, format, context, payload }, DRAFT_NUMBER)] : undefined,
    activate: async (tried) => {
      const made = await schemas.add(tried, whole);
      return made instanceof ApiFailure ? made : { schema_id: made.id, version: latestOf(made).version };
    },
  };
}

function isReadBy(schema: Schema): (device: Device) => boolean {
  const numbers = new Set(schema.versions.map(({ number }) => number));
  return ({ schema: number }) => numbers.has(number);
}

/** Whether a schema of this class and range would be for a device, were there no other. */
function isOfClass({ tenant, deviceClass, firmwareVersion }: NewSchema): (device: Device) => boolean {
  const version = { version: 1, number: DRAFT_NUMBER } as Schema['versions'][number];
  const schema = { id: '', tenant, deviceClass, firmwareVersion, versions: [version], pinned: undefined, retiredAtMs: undefined };
  const resolver = new Resolver([schema]);
  return (device) => resolver.numberOf(device) !== 0;
}

interface Rerouting {
  readonly rules: RuleSet;
  /** Of the rules that are tried. */
  readonly names: ReadonlySet<string>;
  readonly tenant: string;
  readonly registry: Pick<Registry, 'get'>;
}

/** What rules make of a message of the log; undefined: its topic is not kept, or another rule takes it. A code: it would be refused. */
export function rerouted(
  { rules, names, tenant, registry }: Rerouting,
  { format, context, payload }: LoggedMessage,
  device: Device,
): readonly RoutedMessage[] | number | undefined {
  const said = decodeContext(Buffer.from(context));
  const topic = said?.topic ?? '';
  if (topic === '' || !names.has(rules.match(topic)?.rule.name ?? '')) return undefined;
  const find = (id: string) => registry.get(tenant, id);
  const sender = { number: device.number, id: device.id, isGateway: mayAddSubdevices(device), find };
  return routeMessage(rules, topic, payload, sender, said?.isFormatOfRule ? {} : { format });
}

export interface RuleCandidateOptions {
  readonly topicRules: TopicRules;
  readonly registry: Pick<Registry, 'get' | 'byNumber'>;
}

/** A topic rule, tried before all others of its tenant or at its position. */
export function ruleCandidate(
  { topicRules, registry }: RuleCandidateOptions,
  attempt: string,
  { tenant, rule, position }: { tenant: string; rule: TopicRule; position: number | undefined },
): Candidate | ApiFailure {
  const problem = ruleProblem(rule);
  if (problem !== undefined) return new ApiFailure('body_invalid', attempt, `rule.${problem.replace(': ', ' ')}`);
  const usable = topicRules.of(tenant).filter((one) => ruleProblem(one) === undefined);
  const rules = amongBuiltIn(usable.toSpliced((position ?? usable.length + 1) - 1, 0, rule), topicRules.offOf(tenant));
  const names = new Set([rule.name]);
  const of = (message: LoggedMessage, device: Device) => {
    const routed = rerouted({ rules, names, tenant, registry }, message, device);
    if (!routed || typeof routed === 'number') return routed;
    const numberOf = (number: number) => registry.byNumber(number)?.schema ?? 0;
    return routed.map((one) => (numberOf(one.device) > 0 ? withSchema(one, numberOf(one.device)) : one));
  };
  return {
    kind: 'topic_rule',
    tenant,
    subject: rule.pattern,
    plans: [],
    of,
    activate: async () => {
      const made = await topicRules.add(tenant, rule, position);
      return made instanceof ApiFailure ? made : { rule: rule.name };
    },
  };
}
