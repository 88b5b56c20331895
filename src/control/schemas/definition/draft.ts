import { MESSAGE_METRICS_MAX } from '../../../../assembly/abi/limits.js';
import type { SchemaField } from '../../../contract/schemas/schema-plan.js';
import type { Problem } from './definition.js';
import { type FieldForm, layField } from './field-form.js';

/** A field as the definition says it. */
export interface DraftField {
  /** Metric as the decoder names it. */
  readonly name: string;
  /** Where the definition says it. */
  readonly path: string;
  readonly form: FieldForm;
  /** Range and default are about the value as it is sent. */
  readonly isOfSent?: boolean;
}

/** The fields as kernels need them; what is wrong with them is added to `problems`. */
export function layFields(drafts: readonly DraftField[], problems: Problem[]): SchemaField[] {
  if (drafts.length > MESSAGE_METRICS_MAX)
    problems.push({ path: '', problem: `the definition has more than ${MESSAGE_METRICS_MAX} fields` });
  const fields: SchemaField[] = [];
  const names = new Set<string>();
  const metrics = new Map<string, string>();
  for (const { name, path, form, isOfSent = false } of drafts) {
    const field = layField(name, form, isOfSent);
    if (typeof field === 'string') {
      problems.push({ path, problem: field });
      continue;
    }
    const metric = field.metric ?? name;
    const other = metrics.get(metric);
    if (names.has(name)) problems.push({ path, problem: `is the second field of the name ${name}` });
    else if (other !== undefined) problems.push({ path, problem: `is stored as ${metric}, as ${other} is` });
    names.add(name);
    metrics.set(metric, name);
    fields.push(field);
  }
  return withCritical(fields);
}

/** Where no field is said to be critical, those are that must not be absent. */
function withCritical(fields: readonly SchemaField[]): SchemaField[] {
  if (fields.some(({ isCritical }) => isCritical)) return [...fields];
  return fields.map((field) => (field.isRequired ? { ...field, isCritical: true } : field));
}
