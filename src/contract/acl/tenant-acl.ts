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
    return verdictOf(coverageOf(levels, this.#laidFor(who, action)), topic);
  }

  #laidFor(who: Principal, action: AclAction): LaidRule[] {
    return [...this.of(who.tenant), ...(who.kind === 'device' ? builtInAcl : NO_RULES)].flatMap((rule) => {
      if ((rule.action !== action && rule.action !== 'both') || !isRuleFor(rule, who)) return [];
      const levels = levelsOfRule(rule.filter, who);
      return levels ? [{ rule, levels }] : [];
    });
  }
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
