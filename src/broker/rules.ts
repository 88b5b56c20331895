import type { AclRule, Principal } from '../contract/acl/acl.js';
import { isRuleFor, TenantAcl } from '../contract/acl/tenant-acl.js';
import type { IdentityNews } from '../contract/identity/news.js';
import { plainFilter } from './share-group.js';

const WILDCARD = /[+#]/;
/** A rule may have placeholders besides. */
const RULE_WILDCARD = /[+#%]/;
const SERVICE_KEY = 's:';

/** Who may use which topics, and which service clients there are, as main has posted it. */
export class Rules {
  readonly #acl = new TenantAcl();
  /** Ids of the service clients by tenant. */
  readonly #services = new Map<string, ReadonlySet<number>>();
  /** Whether everything has come that was known at the start. Until then nothing is decided by what is here. */
  isWhole = false;

  /** Answers the rules by which clients of the tenant may have lost the right to a topic: those that allow and are gone, and new ones that deny. */
  set(news: IdentityNews): readonly AclRule[] {
    if (news.subject === 'services') this.#services.set(news.tenant, new Set(news.services.map(({ id }) => id)));
    if (news.subject !== 'acl') return [];
    const before = this.#acl.of(news.tenant);
    this.#acl.set(news.tenant, news.rules);
    const gone = before.filter((rule) => rule.effect === 'allow' && !news.rules.some((other) => isSame(rule, other)));
    const added = news.rules.filter((rule) => rule.effect === 'deny' && !before.some((other) => isSame(rule, other)));
    return [...gone, ...added].filter(({ action }) => action !== 'publish');
  }

  /** `filter`: also a topic, which is a filter that matches nothing else. */
  maySubscribe(who: Principal, filter: string): boolean {
    return this.#acl.allows(who, 'subscribe', filter).allowed;
  }

  mayPublish(who: Principal, topic: string): boolean {
    return this.#acl.allows(who, 'publish', topic).allowed;
  }

  /** Whether the session is of a service client that there is no more. */
  isOfNobody(tenant: string, key: string): boolean {
    if (!key.startsWith(SERVICE_KEY)) return false;
    const id = Number(key.slice(SERVICE_KEY.length, key.indexOf(':', SERVICE_KEY.length)));
    return !(this.#services.get(tenant)?.has(id) ?? false);
  }
}

/** Whether one of the rules is for the client. */
export function concern(rules: readonly AclRule[], who: Principal): boolean {
  return rules.some((rule) => isRuleFor(rule, who));
}

/** Whether a change of rules may change what is said of a filter, or of a topic. */
export type Touches = (filter: string) => boolean;

/** By the texts before their first wildcards: what differs there is about other topics. Nothing else is as quick for very many sessions. */
export function touchedBy(rules: readonly AclRule[]): Touches {
  const starts = rules.map(({ filter }) => filter.slice(0, startLength(filter, RULE_WILDCARD)));
  return (filter) => {
    const plain = plainFilter(filter);
    const start = plain.slice(0, startLength(plain, WILDCARD));
    return starts.some((other) => start.startsWith(other) || other.startsWith(start));
  };
}

function startLength(filter: string, wildcard: RegExp): number {
  const at = filter.search(wildcard);
  return at < 0 ? filter.length : at;
}

function isSame(a: AclRule, b: AclRule): boolean {
  return a.subject === b.subject && a.action === b.action && a.filter === b.filter && a.effect === b.effect;
}
