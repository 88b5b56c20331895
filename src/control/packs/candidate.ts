import type { LoggedMessage } from '../../contract/recent-log.js';
import { ruleProblem } from '../../contract/topic-rules/rule-set.js';
import { amongBuiltIn } from '../../contract/topic-rules/tenant-rules.js';
import type { Device } from '../registry/device.js';
import { type Candidate, type RuleCandidateOptions, rerouted } from '../shadow/candidate.js';
import type { TopicRules } from '../topic-rules/topic-rules.js';
import { withSchema } from '../topic-rules/trial-decoder.js';
import type { LoadedPack, Packs } from './packs.js';

export interface PackCandidateOptions extends Pick<RuleCandidateOptions, 'registry'> {
  readonly topicRules: Pick<TopicRules, 'of' | 'offOf'>;
  readonly packs: Pick<Packs, 'get' | 'install' | 'refused'>;
}

/** A pack beside what the tenant has: messages on topics of its rules, and of devices of its class. */
export async function packCandidate(
  { topicRules, registry, packs }: PackCandidateOptions,
  tenant: string,
  pack: LoadedPack,
): Promise<Candidate> {
  const { name, version, deviceClass, topicRules: wanted } = pack.content;
  const before = await packs.get(tenant, name);
  const replaced = new Set(before?.made.rules.map((rule) => rule.name));
  const own = topicRules.of(tenant).filter((rule) => ruleProblem(rule) === undefined && !replaced.has(rule.name));
  const rules = amongBuiltIn([...own, ...wanted], topicRules.offOf(tenant));
  const names = new Set(wanted.map((rule) => rule.name));
  const planOf = (device: Device | undefined) =>
    device?.deviceClass === deviceClass && device?.schemaId === null ? pack.planOf(device.firmwareVersion) : undefined;
  const of = (message: LoggedMessage, device: Device) => {
    const { format, context, payload } = message;
    const isOfClass = planOf(device) !== undefined;
    const routed = rerouted({ rules, names, tenant, registry }, message, device);
    if (typeof routed === 'number' || (routed === undefined && !isOfClass)) return routed;
    const messages = routed ?? [{ device: device.number, format, context, payload }];
    return messages.map((one) => {
      const target = registry.byNumber(one.device);
      const number = planOf(target)?.number ?? target?.schema ?? 0;
      return number > 0 ? withSchema(one, number) : one;
    });
  };
  return {
    kind: 'pack',
    tenant,
    subject: `${name} ${version}`,
    plans: pack.plans,
    of,
    activate: async (attempt) => {
      const state = await packs.install(attempt, [tenant], pack);
      return typeof state === 'string' ? { pack: `${name} ${version}` } : packs.refused(state);
    },
  };
}
