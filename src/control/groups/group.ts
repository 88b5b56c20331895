import { textSchema } from '../../http/input.js';

/** A set of devices that operators name. A group may be in another one, whose devices its own then are, too. */
export interface Group {
  readonly number: number;
  readonly tenant: string;
  readonly name: string;
  /** Number of the group that it is in; 0: none. */
  readonly parent: number;
  readonly description: string | null;
  readonly createdAtMs: number;
}

const NAME_BYTES_MAX = 64;
export const DEPTH_MAX = 8;
/** The separator of a path of groups, and of the groups of a device in CSV. */
const FORBIDDEN = /[/;]|\p{Cc}|\p{Surrogate}/u;

export const groupNameSchema = textSchema(groupNameProblem);

export function groupNameProblem(name: string): string | undefined {
  if (name === '' || Buffer.byteLength(name) > NAME_BYTES_MAX) return `must have 1 to ${NAME_BYTES_MAX} bytes`;
  // A number alone is how the API names a group, and a name with a blank at its end looks like one without.
  if (/^\d+$/.test(name) || name !== name.trim()) return 'must not be a number, and must not begin or end with a blank';
  return FORBIDDEN.test(name) ? 'must not hold "/", ";", control characters or lone surrogates' : undefined;
}
