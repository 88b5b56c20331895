import { decoders } from './decoders.js';
import { covers, matchPattern, overlaps, type Pattern, type PatternMatch, parsePattern, patternProblem } from './pattern.js';
import type { TopicRule } from './topic-rule.js';

/** The rule that is taken for a topic, and what its pattern found there. */
export interface RuleMatch extends PatternMatch {
  readonly rule: TopicRule;
}

/** Two rules that match the same topics. `hides`: the later one is never taken. */
export interface RuleConflict {
  readonly first: string;
  readonly firstPattern: string;
  readonly later: string;
  readonly laterPattern: string;
  readonly kind: 'hides' | 'overlaps';
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const MEMBER_PATH = /^member:[^.]+(\.[^.]+)*$/;

/** Why the rule cannot be used, "key: problem"; undefined: it can. */
export function ruleProblem({ pattern, device, decoder, prefix = '', valueName = '' }: TopicRule): string | undefined {
  const problem = patternProblem(pattern);
  if (problem !== undefined) return `pattern: ${problem}`;
  if (!decoders.has(decoder)) return `decoder: must be one of ${[...decoders.keys()].join(', ')}`;
  const { levels, isOpen } = parsePattern(pattern);
  const names = new Set(levels.flatMap((level) => (typeof level === 'string' || level.name === undefined ? [] : [level.name])));
  if (isOpen) names.add('#');
  if (device.startsWith('level:')) {
    if (!names.has(device.slice('level:'.length))) return `device: the pattern has no level ${device.slice('level:'.length)}`;
  } else if (device !== 'connection' && device !== 'members' && !MEMBER_PATH.test(device)) {
    return 'device: must be connection, level:NAME, member:PATH or members';
  }
  for (const [key, text] of [
    ['prefix', prefix],
    ['value_name', valueName],
  ] as const) {
    const unknown = [...text.matchAll(PLACEHOLDER)].find(([, name = '']) => !names.has(name));
    if (unknown) return `${key}: the pattern has no level ${unknown[1]}`;
    if (/[{}\0]/.test(text.replace(PLACEHOLDER, ''))) return `${key}: must be a text with {level} in it`;
  }
  return undefined;
}

/** The rules of one tenant, its own before the built-in ones, compiled. */
export class RuleSet {
  readonly rules: readonly TopicRule[];
  readonly #patterns: readonly Pattern[];

  /** Rules that have no problem, in lists that come one after the other. */
  constructor(...lists: readonly (readonly TopicRule[])[]) {
    this.rules = lists.flatMap((list) => [...list].sort((a, b) => (a.order ?? 0) - (b.order ?? 0)));
    this.#patterns = this.rules.map(({ pattern }) => parsePattern(pattern));
  }

  /** The first rule that matches the topic. */
  match(topic: string): RuleMatch | undefined {
    const levels = topic.split('/');
    for (const [index, pattern] of this.#patterns.entries()) {
      const match = matchPattern(pattern, levels);
      if (match) return { ...match, rule: this.rules[index] as TopicRule };
    }
    return undefined;
  }

  /** Rules of which an earlier one takes some or all topics. That a narrow rule comes before a wide one is how rules are written. */
  conflicts(): RuleConflict[] {
    const found: RuleConflict[] = [];
    for (const [at, later] of this.#patterns.entries()) {
      for (let before = 0; before < at; before++) {
        const first = this.#patterns[before] as Pattern;
        if (!overlaps(first, later) || (covers(later, first) && !covers(first, later))) continue;
        const [taken, passed] = [this.rules[before], this.rules[at]] as [TopicRule, TopicRule];
        const named = { first: taken.name, firstPattern: taken.pattern, later: passed.name, laterPattern: passed.pattern };
        found.push({ ...named, kind: covers(first, later) ? 'hides' : 'overlaps' });
      }
    }
    return found;
  }
}
