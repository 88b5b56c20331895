import { MEMBER_IS_SEQ, MEMBER_IS_TS, MEMBER_OPEN, MEMBER_READ, MEMBER_SAMPLES, MEMBER_SKIP } from '../../../../assembly/abi/profiles.js';
import { type Member, profiles } from '../../../contract/profiles.js';

/** Where a document has what is no reading: paths of member names with dots. */
export interface MemberPaths {
  readonly time?: string | undefined;
  readonly sequence?: string | undefined;
  /** An object whose members alone are the readings, named without it. */
  readonly readings?: string | undefined;
  /** An array whose elements are samples, each read as the whole document is. */
  readonly samples?: string | undefined;
  readonly skip?: readonly string[] | undefined;
}

interface Node {
  action?: number;
  others?: number;
  flags?: number;
  members: Record<string, Node>;
}

/** Names that stand for a time, a sequence and readings in a document of no known convention. */
export const plainNames = {
  time: ['ts', 'timestamp', 'time'],
  sequence: ['seq'],
  readings: ['metrics', 'values', 'readings'],
} as const;

export function namesPaths({ time, sequence, readings, samples, skip = [] }: MemberPaths): boolean {
  return [time, sequence, readings, samples, ...skip].some((path) => path !== undefined);
}

/** The profile of such documents; what no path names is as in a document of no convention. `firmware`: a path that is read in any case. */
export function membersOf({ time, sequence, readings, samples, skip = [] }: MemberPaths, firmware: string | undefined): Member {
  const root = copyOf(plainRoot());
  const forget = (names: readonly string[]) => {
    for (const name of names) delete root.members[name];
  };
  if (time !== undefined) forget(plainNames.time);
  if (sequence !== undefined) forget(plainNames.sequence);
  if (readings !== undefined) {
    forget(plainNames.readings);
    delete root.flags;
    put(root, readings, MEMBER_OPEN, true);
  }
  const skips = readings !== undefined;
  if (firmware !== undefined && skips) put(root, firmware, MEMBER_READ, skips);
  if (samples !== undefined) put(root, samples, MEMBER_SAMPLES, skips);
  if (time !== undefined) put(root, time, MEMBER_IS_TS, skips);
  if (sequence !== undefined) put(root, sequence, MEMBER_IS_SEQ, skips);
  for (const path of skip) put(root, path, MEMBER_SKIP, skips);
  return root;
}

/** The name that the decoder gives the reading at a path: members that are opened are not in it. */
export function nameAt(root: Member, path: string): string {
  const names = path.split('.');
  let node: Member | undefined = root;
  return names
    .filter((name) => {
      node = node?.members?.[name];
      return node?.action !== MEMBER_OPEN;
    })
    .join('.');
}

/** `skips`: what the path passes by is left out. */
function put(root: Node, path: string, action: number, skips: boolean): void {
  const names = path.split('.');
  let node = root;
  if (skips) node.others = MEMBER_SKIP;
  names.forEach((name, index) => {
    const isLast = index === names.length - 1;
    const next = node.members[name] ?? { members: {}, ...(skips && !isLast && { others: MEMBER_SKIP }) };
    node.members[name] = next;
    if (isLast) next.action = action;
    // What leads to the readings adds no level to their names.
    else if (action === MEMBER_OPEN) next.action = MEMBER_OPEN;
    node = next;
  });
}

function copyOf({ action, others, flags, members = {} }: Member): Node {
  return {
    ...(action !== undefined && { action }),
    ...(others !== undefined && { others }),
    ...(flags !== undefined && { flags }),
    members: Object.fromEntries(Object.entries(members).map(([name, member]) => [name, copyOf(member)])),
  };
}

function plainRoot(): Member {
  const plain = profiles.find(({ name }) => name === 'plain');
  if (!plain) throw new Error('there is no plain profile');
  return plain.root;
}
