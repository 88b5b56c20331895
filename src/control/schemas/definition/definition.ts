import type { SchemaPlan } from '../../../contract/schemas/schema-plan.js';

/** What is wrong with a definition, and where: names of its members with dots. */
export interface Problem {
  readonly path: string;
  readonly problem: string;
}

/** A field of a message as it is on the wire, where the definition says it. */
export interface WireField {
  /** Metric of its readings, as a field of the plan is named. */
  readonly name: string;
  /** Its number and those of the messages around it, with dots. */
  readonly number: string;
  readonly type: string;
}

/** A definition that was read: what kernels need of it, and what comparisons with other versions need. */
export interface Definition extends Pick<SchemaPlan, 'protobuf' | 'members' | 'fields' | 'others' | 'firmwareField'> {
  /** Of a message of Protobuf. */
  readonly wire: readonly WireField[];
  /** What the definition says and nothing checks. */
  readonly remarks: readonly string[];
}

export function isRefused(read: Definition | readonly Problem[]): read is readonly Problem[] {
  return Array.isArray(read);
}

/** One line of all problems. */
export function told(problems: readonly Problem[]): string {
  return problems.map(({ path, problem }) => (path === '' ? problem : `${path} ${problem}`)).join('; ');
}
