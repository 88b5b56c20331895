import { z } from 'zod';

/** A kind of value: how it is checked, how the environment spells it, and what an operator may write. */
export interface Kind<V> {
  readonly schema: z.ZodType<V>;
  readonly allowed: string;
  /**
   * `number`: digits in the environment stand for one. `path` starts at the folder of whoever names it, and of a `pem`
   * the file has to be readable. A `secret` is masked wherever it is shown, as is the password of a `url`.
   */
  readonly is: 'text' | 'number' | 'path' | 'pem' | 'secret' | 'url';
}

/** One thing an operator can set: `name` in the file, `SPILLWAY_<NAME>` in the environment. */
export interface Setting<V = unknown> {
  readonly name: string;
  readonly kind: Kind<unknown>;
  readonly fallback: V;
  /** What holds where nothing is set, for a reader. */
  readonly shownDefault: string;
  readonly what: string;
}

interface Description {
  readonly what: string;
  readonly shownDefault?: string;
}

/** A group of settings by key: what one room of the program is given as a whole. */
export type Group = Readonly<Record<string, Setting>>;

/** The values of a group. */
export type ValuesOf<G extends Group> = { readonly [K in keyof G]: G[K] extends Setting<infer V> ? V : never };

/** Declares a setting. Without a fallback its value may be undefined. */
export function setting<V>(name: string, kind: Kind<V>, description: Description & { readonly fallback: NoInfer<V> }): Setting<V>;
export function setting<V>(name: string, kind: Kind<V>, description: Description): Setting<V | undefined>;
export function setting<V>(
  name: string,
  kind: Kind<V>,
  { fallback, what, shownDefault }: Description & { readonly fallback?: V },
): Setting<V | undefined> {
  return Object.freeze({ name, kind, fallback, what, shownDefault: shownDefault ?? (fallback === undefined ? 'none' : `${fallback}`) });
}

const string = z.string({ error: 'must be a string' }).min(1, 'must not be empty');

/** An integer; `of` names what it counts: `hours`, `MiB`. */
export function whole(lowest: number, highest: number, of = ''): Kind<number> {
  const schema = z
    .int({ error: 'must be an integer' })
    .min(lowest, `must be at least ${lowest}`)
    .max(highest, `must be at most ${highest}`);
  return { schema, allowed: `an integer${of && ` of ${of}`} from ${lowest} to ${highest}`, is: 'number' };
}

export function choice<const C extends readonly [string, ...string[]]>(...values: C): Kind<C[number]> {
  const list = values.length > 1 ? `${values.slice(0, -1).join(', ')} or ${values.at(-1)}` : values[0];
  return { schema: z.enum(values, { error: `must be one of ${values.join(', ')}` }), allowed: list, is: 'text' };
}

export const port: Kind<number> = { ...whole(0, 65_535), allowed: 'an integer from 0 (any free port) to 65535' };
export const path: Kind<string> = { schema: string, allowed: 'a folder', is: 'path' };
export const pem: Kind<string> = { schema: string, allowed: 'a PEM file that this user can read', is: 'pem' };

/** Text that fits a pattern; `trouble` says what another text has wrong. */
export function matching(pattern: RegExp, trouble: string, allowed: string): Kind<string> {
  return { schema: string.regex(pattern, trouble), allowed, is: 'text' };
}

export function text(allowed: string, isValid: (value: string) => boolean = () => true, trouble = 'is invalid'): Kind<string> {
  return { schema: string.refine(isValid, trouble), allowed, is: 'text' };
}

/** The variable of a setting in the environment. */
export function variableOf(name: string): string {
  return `SPILLWAY_${name.toUpperCase()}`;
}
