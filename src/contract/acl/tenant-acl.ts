import { isTelemetryTopic } from '../topic-rules/own-topics.js';
import type { Acl, AclAction, AclRule, AclVerdict, Principal } from './acl.js';
import { builtInAcl } from './built-in.js';
import { type Coverage, coverageOf, type LaidRule } from './coverage.js';
import { levelsOfFilter, levelsOfRule } from './levels.js';

const NO_RULES: readonly AclRule[] = [];

/** The rules of all tenants. */
export class TenantAcl implements Acl {
  readonly #rules = new Map<string, readonly AclRule[]>();

  /** Replaces the rules of a tenant. */
  set(tenant: string, rules: readonly AclRule[]): void {
    if (rules.length === 0) this.#rules.delete(tenant);
    else this.#rules.set(tenant, rules);
  }

  of(tenant: string): readonly AclRule[] {
    return this.#rules.get(tenant) ?? NO_RULES;
  }

  allows(who: Principal, action: AclAction, topic: string): AclVerdict {
    if (action === 'publish' && topic.startsWith('$')) return refusal('no client may publish on a topic that begins with "$"');
    const levels = levelsOfFilter(topic);
    if (!levels) return refusal('it is no topic filter of MQTT');
    if (action === 'publish' && levels.some((level) => typeof level === 'symbol')) return refusal('a topic holds no wildcards');
    const laid = this.#laidFor(who, action);
    // A program that may use all topics is not meant to write what devices have measured: a rule has to name these topics.
    const isOfDevices = who.kind === 'service' && action === 'publish' && isTelemetryTopic(topic);
    return verdictOf(coverageOf(levels, isOfDevices ? laid.filter(isDenialOrNamed) : laid), topic);
  }

  /** Whether a rule denies anybody of the tenant to publish on some topic. */
  hasDenials(tenant: string): boolean {
    return this.of(tenant).some(isDenial);
  }

  /** Whether a rule denies the client to publish on some topic. */
  deniesSome(who: Principal): boolean {
    return this.of(who.tenant).some((rule) => isDenial(rule) && isRuleFor(rule, who));
  }

  /** Whether a rule denies the client to publish on the topic. What identity allows, as a device's telemetry, needs no rule that allows it. */
  denies(who: Principal, topic: string): boolean {
    if (!this.deniesSome(who)) return false;
    const levels = levelsOfFilter(topic);
    if (!levels) return false;
    const coverage = coverageOf(levels, this.#laidFor(who, 'publish'));
    return coverage.kind === 'too-complex' || (coverage.kind === 'denied' && coverage.rule !== undefined);
  }

  #laidFor(who: Principal, action: AclAction): LaidRule[] {
    return [...this.of(who.tenant), ...(who.kind === 'device' ? builtInAcl : NO_RULES)].flatMap((rule) => {
      if ((rule.action !== action && rule.action !== 'both') || !isRuleFor(rule, who)) return [];
      const levels = levelsOfRule(rule.filter, who);
      return levels ? [{ rule, levels }] : [];
    });
  }
}

/** Whether the rule denies, or begins with the name of a level. */
function isDenialOrNamed({ rule, levels }: LaidRule): boolean {
  return rule.effect === 'deny' || typeof levels[0] === 'string';
}

function isDenial({ effect, action }: AclRule): boolean {
  return effect === 'deny' && action !== 'subscribe';
}

/** Whether the client is among those for whom the rule is. */
export function isRuleFor({ subject }: AclRule, who: Principal): boolean {
  if (subject === 'all' || subject === `${who.kind}:${who.name}`) return true;
  return who.kind === 'device' && who.deviceClass !== null && subject === `class:${who.deviceClass}`;
}

function verdictOf(coverage: Coverage, topic: string): AclVerdict {
  if (coverage.kind === 'too-complex') return refusal('the rules have too many wildcards to decide it: use filters with fewer');
  const { rule } = coverage;
  const name = !rule ? 'no rule' : rule.id === 0 ? 'a built-in rule' : `rule ${rule.id}`;
  const filter = rule ? ` (${rule.filter})` : '';
  if (coverage.kind === 'covered') return { allowed: true, rule, why: `${name} allows it${filter}` };
  const what = coverage.topic === topic ? 'it' : `${coverage.topic}, which it matches`;
  return { allowed: false, rule, why: `${name} ${rule ? 'denies' : 'allows'} ${what}${filter}` };
}

function refusal(why: string): AclVerdict {
  return { allowed: false, rule: undefined, why };
}
