import { signal } from '@preact/signals';
import type { Answer, TenantTimeZone, TopicRules, TopicRuleTrial } from './answer.js';
import { PageModel } from './page-model.js';
import { base64Of } from './payload.js';
import type { TrialDraft } from './trial-draft.js';

const path = '/v1/topic-rules';
const timeZonePath = '/v1/time-zone';

export type Rule = TopicRules['rules'][number];
export type OwnRule = Extract<Rule, { built_in: false }>;
export type Conflict = TopicRules['conflicts'][number];

/** A rule as it is edited; empty texts are absent. */
export interface RuleForm {
  readonly name: string;
  readonly pattern: string;
  readonly device: string;
  readonly decoder: string;
  readonly prefix: string;
  readonly value_name: string;
  readonly unregistered: Rule['unregistered'];
  readonly has_properties: boolean;
}

export const newRule: RuleForm = {
  name: '',
  pattern: '',
  device: 'connection',
  decoder: 'json',
  prefix: '',
  value_name: '',
  unregistered: 'prefix',
  has_properties: false,
};

export function formOf(rule: Rule): RuleForm {
  const { name, pattern, device, decoder, unregistered, has_properties } = rule;
  return { name, pattern, device, decoder, unregistered, has_properties, prefix: rule.prefix ?? '', value_name: rule.value_name ?? '' };
}

/** The topic rules of a tenant and the built-in ones after them, as their page shows and changes them. */
export class TopicRuleList extends PageModel {
  /** Undefined before the first answer. */
  readonly rules = signal<readonly Rule[] | undefined>(undefined);
  readonly conflicts = signal<readonly Conflict[]>([]);
  /** Null: the tenant has none; undefined before the first answer. */
  readonly timeZone = signal<string | null | undefined>(undefined);

  /** Makes a rule, or replaces the one of this name; with `position` it is put there. */
  save(form: RuleForm, isNew: boolean, position?: number): Promise<Answer<unknown>> {
    const { name, ...rest } = form;
    const body = { ...rest, prefix: form.prefix || null, value_name: form.value_name || null, ...(position !== undefined && { position }) };
    return isNew
      ? this.change('POST', path, { name, tenant: this.tenant, ...body })
      : this.change('PUT', `${path}/${encodeURIComponent(name)}`, body, { tenant: this.tenant });
  }

  /** One place earlier (-1) or later (1). */
  async move(rule: OwnRule, by: -1 | 1): Promise<void> {
    const answer = await this.save(formOf(rule), false, rule.position + by);
    if (!answer.ok) this.refusal.value = answer.refusal;
  }

  remove(name: string): Promise<Answer<unknown>> {
    return this.change('DELETE', `${path}/${encodeURIComponent(name)}`, undefined, { tenant: this.tenant });
  }

  /** An empty name takes it away. */
  setTimeZone(name: string): Promise<Answer<unknown>> {
    return this.change('PUT', timeZonePath, { time_zone: name || null }, { tenant: this.tenant });
  }

  /** What a message would become; nothing is stored. */
  try({ topic, payload, device }: TrialDraft): Promise<Answer<TopicRuleTrial>> {
    const body = { tenant: this.tenant, topic, payload_base64: base64Of(payload), ...(device && { device_id: device }) };
    return this.call('POST', `${path}/test`, body);
  }

  protected sources() {
    return [
      this.source<TopicRules>(path, ({ rules, conflicts }) => {
        this.rules.value = rules;
        this.conflicts.value = conflicts;
      }),
      this.source<TenantTimeZone>(timeZonePath, ({ time_zone }) => {
        this.timeZone.value = time_zone;
      }),
    ];
  }
}
