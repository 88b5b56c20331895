import type { Principal } from './acl.js';

/** A level of a topic filter: text that is meant exactly, or a wildcard. */
export type Level = string | typeof ANY_LEVEL | typeof ANY_LEVELS;
export const ANY_LEVEL = Symbol('+');
export const ANY_LEVELS = Symbol('#');

const TOPIC_BYTES_MAX = 65_535;
const SHARED = /^\$share\/[^/+#]+\/(.+)$/s;

/** Why the text is no topic filter [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1] [MQTT-4.7.3-3]; undefined: it is one. */
export function filterProblem(filter: string): string | undefined {
  if (filter === '') return 'must not be empty';
  if (Buffer.byteLength(filter) > TOPIC_BYTES_MAX) return `must have at most ${TOPIC_BYTES_MAX} bytes`;
  if (/\0|\p{Surrogate}/u.test(filter)) return 'must not hold NUL or lone surrogates';
  const levels = filter.split('/');
  if (levels.some((level) => level.length > 1 && /[+#]/.test(level))) return 'must have "+" and "#" as whole levels only';
  return levels.slice(0, -1).includes('#') ? 'must have "#" as its last level only' : undefined;
}

/** The levels of a filter of a client; of a shared one, those of the filter in it. Undefined: it is no filter. */
export function levelsOfFilter(filter: string): Level[] | undefined {
  const own = SHARED.exec(filter)?.[1] ?? filter;
  if (filterProblem(own) !== undefined || own.startsWith('$share/')) return undefined;
  return own.split('/').map(levelOf);
}

/**
 * The levels of a rule's filter for a client; undefined: the rule names a device, and the client is none. What stands for a placeholder is
 * exact text: a wildcard in an id would open the topics of others, and an id that begins with "$" those of the server.
 */
export function levelsOfRule(filter: string, who: Principal): Level[] | undefined {
  if (filter.includes('%d') && who.kind !== 'device') return undefined;
  const levels = filter.split('/').flatMap((level): Level[] => {
    if (!/%[dt]/.test(level)) return [levelOf(level)];
    return level.replace(/%[dt]/g, (placeholder) => (placeholder === '%d' ? who.name : who.tenant)).split('/');
  });
  const [first] = levels;
  return typeof first === 'string' && first.startsWith('$') && !filter.startsWith('$') ? undefined : levels;
}

function levelOf(level: string): Level {
  if (level === '+') return ANY_LEVEL;
  return level === '#' ? ANY_LEVELS : level;
}
