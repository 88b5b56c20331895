import { conventionRules, ownTopicRules } from './built-in.js';
import { RuleSet } from './rule-set.js';
import type { TopicRule } from './topic-rule.js';

/** Rules of a tenant, none of which has a problem, among those that every tenant has; `off`: names of built-in packs that it does without. */
export function amongBuiltIn(rules: readonly TopicRule[], off: readonly string[] = []): RuleSet {
  return new RuleSet(
    ownTopicRules,
    rules,
    conventionRules.filter(({ name }) => !off.includes(name)),
  );
}

/** The topic rules of all tenants; one without rules of its own has the built-in ones. */
export class TenantRules {
  readonly #builtIn = amongBuiltIn([]);
  readonly #own = new Map<string, RuleSet>();

  of(tenant: string): RuleSet {
    return this.#own.get(tenant) ?? this.#builtIn;
  }

  /** Replaces the rules of a tenant, none of which has a problem. */
  set(tenant: string, rules: readonly TopicRule[], off: readonly string[]): void {
    if (rules.length === 0 && off.length === 0) this.#own.delete(tenant);
    else this.#own.set(tenant, amongBuiltIn(rules, off));
  }
}
