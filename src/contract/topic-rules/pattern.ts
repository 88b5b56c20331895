/** A pattern taken apart. Levels are literal texts, `undefined` for any, or the name that a level is given. */
export interface Pattern {
  readonly levels: readonly (string | { readonly name: string | undefined })[];
  /** The pattern ends in `#`: the level above it and everything below. */
  readonly isOpen: boolean;
}

/** The levels of a topic that a pattern names, and those that its `#` stands for. */
export interface PatternMatch {
  readonly levels: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

const PATTERN_BYTES_MAX = 1024;
const NAMED = /^\{([A-Za-z][A-Za-z0-9_-]*)\}$/;

/** Why the text is no pattern; undefined: it is one. */
export function patternProblem(text: string): string | undefined {
  if (text === '' || Buffer.byteLength(text) > PATTERN_BYTES_MAX) return `must have 1 to ${PATTERN_BYTES_MAX} bytes`;
  const levels = text.split('/');
  const names = levels.flatMap((level) => NAMED.exec(level)?.[1] ?? []);
  if (new Set(names).size < names.length) return 'names one level twice';
  for (const [index, level] of levels.entries()) {
    if (level === '+' || NAMED.test(level)) continue;
    if (level === '#' && index === levels.length - 1) continue;
    if (/[+#{}\0]/.test(level)) return `level ${index + 1} must be a text, {name}, + or, at the end, #`;
  }
  return undefined;
}

/** Takes a pattern apart that has no problem. */
export function parsePattern(text: string): Pattern {
  const levels = text.split('/');
  const isOpen = levels.at(-1) === '#';
  if (isOpen) levels.pop();
  return { isOpen, levels: levels.map((level) => (level === '+' ? { name: undefined } : named(level))) };
}

function named(level: string): Pattern['levels'][number] {
  const name = NAMED.exec(level)?.[1];
  return name === undefined ? level : { name };
}

/** As MQTT matches topic filters; a level that the pattern names is never empty. */
export function matchPattern({ levels, isOpen }: Pattern, topic: readonly string[]): PatternMatch | undefined {
  if (isOpen ? topic.length < levels.length : topic.length !== levels.length) return undefined;
  // A wildcard does not stand for what begins with $ [MQTT-4.7.2-1].
  if (topic[0]?.startsWith('$') && typeof levels[0] !== 'string') return undefined;
  const found = new Map<string, string>();
  for (const [index, level] of levels.entries()) {
    const text = topic[index] as string;
    if (typeof level === 'string') {
      if (level !== text) return undefined;
    } else if (level.name !== undefined) {
      if (text === '') return undefined;
      found.set(level.name, text);
    }
  }
  return { levels: found, rest: topic.slice(levels.length) };
}

/** Whether every topic that `inner` matches is matched by `outer`. */
export function covers(outer: Pattern, inner: Pattern): boolean {
  if (outer.isOpen ? inner.levels.length < outer.levels.length : inner.isOpen || inner.levels.length !== outer.levels.length) return false;
  return outer.levels.every((level, index) => typeof level !== 'string' || level === inner.levels[index]);
}

/** Whether some topic is matched by both. */
export function overlaps(a: Pattern, b: Pattern): boolean {
  const [short, long] = a.levels.length <= b.levels.length ? [a, b] : [b, a];
  if (!short.isOpen && short.levels.length < long.levels.length) return false;
  return short.levels.every((level, index) => {
    const other = long.levels[index];
    return typeof level !== 'string' || typeof other !== 'string' || level === other;
  });
}
