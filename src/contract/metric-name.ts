/** A metric's name with its tags; a tag has a key and a value, and neither is empty. */
export interface TaggedName {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The one text that identifies a metric with tags: `name{key=value,key2=value2}`, keys in the order of their UTF-8 bytes, and a backslash
 * before each `\ , = { }` of keys and values. A tag with an empty key or value says nothing and is left out; without tags the text is
 * the name. Two entries with one key: the last counts.
 */
export function metricName(name: string, tags: Iterable<readonly [key: string, value: string]>): string {
  const kept = [...new Map(tags)].filter(([key, value]) => key !== '' && value !== '');
  if (kept.length === 0) return name;
  kept.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `${name}{${kept.map(([key, value]) => `${escaped(key)}=${escaped(value)}`).join(',')}}`;
}

/** The parts of what metricName wrote; a text that it cannot have written with tags is a name without any. */
export function splitMetricName(text: string): TaggedName {
  if (!text.endsWith('}')) return { name: text, tags: {} };
  // A name may hold braces of its own: the tags begin at the first brace after which nothing but tags follows.
  for (let at = text.indexOf('{', 1); at > 0; at = text.indexOf('{', at + 1)) {
    const tags = tagsOf(text.slice(at + 1, -1));
    if (tags) return { name: text.slice(0, at), tags };
  }
  return { name: text, tags: {} };
}

const TAG = /((?:[^\\,={}]|\\[\\,={}])+)=((?:[^\\,={}]|\\[\\,={}])+)(?:,(?=.)|$)/suy;

/** The tags of what stands between the braces; undefined: something else stands there. */
function tagsOf(text: string): Record<string, string> | undefined {
  // Built as a list: a key may be `__proto__`.
  const tags: [string, string][] = [];
  TAG.lastIndex = 0;
  for (let tag = TAG.exec(text); tag; tag = TAG.exec(text)) {
    tags.push([unescaped(tag[1]!), unescaped(tag[2]!)]);
    if (TAG.lastIndex === text.length) return Object.fromEntries(tags);
  }
  return undefined;
}

function escaped(text: string): string {
  return text.replace(/[\\,={}]/g, '\\$&');
}

function unescaped(text: string): string {
  return text.replace(/\\([\\,={}])/g, '$1');
}
