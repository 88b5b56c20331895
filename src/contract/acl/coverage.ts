import type { AclRule } from './acl.js';
import { ANY_LEVEL, ANY_LEVELS, type Level } from './levels.js';

/** A rule with its filter made out for one client. */
export interface LaidRule {
  readonly rule: AclRule;
  readonly levels: readonly Level[];
}

/** `topic`: one that the filter matches and that is not allowed. */
export type Coverage =
  | { readonly kind: 'covered'; readonly rule: AclRule }
  | { readonly kind: 'denied'; readonly rule: AclRule | undefined; readonly topic: string }
  | { readonly kind: 'too-complex' };

/** A rule that matches the levels so far, and the place of its next one. */
interface Place {
  readonly laid: LaidRule;
  readonly at: number;
}

/** A level that no rule names. */
const OTHER = Symbol('other');
type Step = string | typeof OTHER;

/** Sets of places that are looked at for one filter: rules with wildcards in many places can make very many. */
const SETS_MAX = 5000;

/**
 * Whether every topic that the filter matches is allowed. The topics are walked level by level, all those together that no rule tells
 * apart: of a wildcard's levels only the ones that some rule names, and one that none does, can differ.
 */
export function coverageOf(filter: readonly Level[], rules: readonly LaidRule[]): Coverage {
  const walk = new Walk(filter);
  const failed = walk.from(
    0,
    rules.map((laid) => ({ laid, at: 0 })),
    [],
  );
  return failed ?? { kind: 'covered', rule: walk.allowedBy as AclRule };
}

class Walk {
  readonly #filter: readonly Level[];
  readonly #numbers = new Map<LaidRule, number>();
  readonly #seen = new Set<string>();
  /** The rule that allowed the first topic. */
  allowedBy: AclRule | undefined;

  constructor(filter: readonly Level[]) {
    this.#filter = filter;
  }

  /** What is wrong with the topics that begin with `path`; undefined: all of them are allowed. */
  from(level: number, places: readonly Place[], path: readonly Step[]): Exclude<Coverage, { kind: 'covered' }> | undefined {
    const start = path.length === 0 ? 'first' : isNoTopic(path) ? 'empty' : '';
    const key = `${level};${start};${places.map(({ laid, at }) => `${this.#numberOf(laid)}.${at}`).join()}`;
    if (this.#seen.has(key)) return undefined;
    if (this.#seen.size >= SETS_MAX) return { kind: 'too-complex' };
    this.#seen.add(key);
    const wanted = this.#filter[level];
    if (wanted === undefined) return this.#end(places, path);
    // "a/#" matches "a", too (MQTT 5 §4.7.1.2); a topic has one level or more.
    const ended = wanted === ANY_LEVELS && path.length > 0 ? this.#end(places, path) : undefined;
    if (ended) return ended;
    const next = wanted === ANY_LEVELS ? level : level + 1;
    for (const step of typeof wanted === 'string' ? [wanted] : stepsOf(places, path.length === 0)) {
      const failed = this.from(next, taken(places, step, path.length === 0), [...path, step]);
      if (failed) return failed;
    }
    return undefined;
  }

  #end(places: readonly Place[], path: readonly Step[]): Exclude<Coverage, { kind: 'covered' }> | undefined {
    if (isNoTopic(path)) return undefined;
    const matching = places.filter(({ laid: { levels }, at }) => at === levels.length || levels[at] === ANY_LEVELS);
    const deny = matching.find(({ laid }) => laid.rule.effect === 'deny');
    const allow = matching[0]?.laid.rule;
    const topic = path.map((step) => (step === OTHER ? '…' : step)).join('/');
    if (deny || !allow) return { kind: 'denied', rule: deny?.laid.rule, topic };
    this.allowedBy ??= allow;
    return undefined;
  }

  #numberOf(laid: LaidRule): number {
    const known = this.#numbers.get(laid) ?? this.#numbers.size;
    this.#numbers.set(laid, known);
    return known;
  }
}

/** A topic has one character or more [MQTT-4.7.3-1]. */
function isNoTopic(path: readonly Step[]): boolean {
  return path.length === 1 && path[0] === '';
}

/** A wildcard does not match a first level that begins with "$" [MQTT-4.7.2-1]. */
function isOfServer(step: Step, isFirst: boolean): boolean {
  return isFirst && typeof step === 'string' && step.startsWith('$');
}

function stepsOf(places: readonly Place[], isFirst: boolean): Step[] {
  const named = new Set<Step>([OTHER]);
  for (const { laid, at } of places) {
    const level = laid.levels[at];
    if (typeof level === 'string' && !isOfServer(level, isFirst)) named.add(level);
  }
  return [...named];
}

function taken(places: readonly Place[], step: Step, isFirst: boolean): Place[] {
  return places.flatMap((place) => {
    const level = place.laid.levels[place.at];
    if (level === step) return [{ laid: place.laid, at: place.at + 1 }];
    if (isOfServer(step, isFirst)) return [];
    if (level === ANY_LEVELS) return [place];
    return level === ANY_LEVEL ? [{ laid: place.laid, at: place.at + 1 }] : [];
  });
}
