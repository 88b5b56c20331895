import { isShared, plainFilter } from '../share-group.js';
import { FilterTree } from '../topic-tree.js';

/** More topics than these are not remembered. */
const TOPICS_MAX = 65_536;

/** Which other processes have subscribers of a topic. */
export interface Interest {
  /** One of them has subscribers that are in no group. */
  readonly isWanted: boolean;
  /** Processes that have members of a group, by its shared filter. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

/** Processes by whole filter, of all filters that are one without `$share/{group}/`. */
type Leaf = Map<string, Set<string>>;

interface TenantInterests {
  readonly tree: FilterTree<Leaf>;
  readonly known: Map<string, Interest>;
}

const NOTHING: Interest = { isWanted: false, groups: new Map() };

/** Filters to which clients at other processes have subscribed. */
export class Interests {
  readonly #tenants = new Map<string, TenantInterests>();

  /** Whether another process has subscribers by this plain filter. */
  has(tenant: string, plain: string): boolean {
    return this.#tenants.get(tenant)?.tree.get(plain) !== undefined;
  }

  /** Answers whether nobody else had the plain filter. */
  add(process: string, tenant: string, filter: string): boolean {
    const interests = this.#tenants.get(tenant) ?? { tree: new FilterTree<Leaf>(), known: new Map<string, Interest>() };
    this.#tenants.set(tenant, interests);
    const plain = plainFilter(filter);
    const leaf = interests.tree.get(plain);
    const processes = leaf?.get(filter);
    if (processes) processes.add(process);
    else if (leaf) leaf.set(filter, new Set([process]));
    else interests.tree.set(plain, new Map([[filter, new Set([process])]]));
    interests.known.clear();
    return leaf === undefined;
  }

  /** Answers whether nobody else has the plain filter any more. */
  delete(process: string, tenant: string, filter: string): boolean {
    const interests = this.#tenants.get(tenant);
    const plain = plainFilter(filter);
    const leaf = interests?.tree.get(plain);
    const processes = leaf?.get(filter);
    if (!interests || !leaf || !processes?.delete(process)) return false;
    interests.known.clear();
    if (processes.size === 0) leaf.delete(filter);
    if (leaf.size > 0) return false;
    interests.tree.delete(plain);
    return true;
  }

  of(tenant: string, topic: string): Interest {
    const interests = this.#tenants.get(tenant);
    if (!interests) return NOTHING;
    const known = interests.known.get(topic);
    if (known) return known;
    if (interests.known.size === TOPICS_MAX) interests.known.clear();
    const interest = interestIn(interests.tree.match(topic));
    interests.known.set(topic, interest);
    return interest;
  }
}

function interestIn(leaves: readonly Leaf[]): Interest {
  const filters = leaves.flatMap((leaf) => [...leaf]);
  const groups = filters.flatMap(([filter, processes]) => (isShared(filter) ? [[filter, [...processes]] as const] : []));
  return { isWanted: groups.length < filters.length, groups: new Map(groups) };
}
