import { refusalCodes } from '../../contract/codes.js';

const byName = new Map(refusalCodes.map((code) => [code.name, code]));

/** Why a message of this reason was not stored, and what helps; undefined for a reason that this build does not know. */
export function reasonOf(name: string): { readonly cause: string; readonly wayOut: string } | undefined {
  return byName.get(name);
}
