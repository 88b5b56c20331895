import { batch, signal } from '@preact/signals';
import type { Answer, Refusal, TopicRules, TopicRuleTrial } from './answer.js';
import type { Context } from './context.js';
import { base64Of } from './payload.js';
import type { TrialDraft } from './trial-draft.js';

const path = '/v1/topic-rules';
/** Somebody else may change them. */
const refreshMs = 15_000;

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
export class TopicRuleList {
  /** Undefined before the first answer. */
  readonly rules = signal<readonly Rule[] | undefined>(undefined);
  readonly conflicts = signal<readonly Conflict[]>([]);
  readonly refusal = signal<Refusal | undefined>(undefined);
  readonly #ended = new AbortController();
  readonly #stop: () => void;
  #loadAtMs = 0;

  constructor(
    private readonly context: Context,
    private readonly tenant: string,
  ) {
    this.#stop = context.live.onReturn(() => void this.load());
    void this.load();
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#loadAtMs) void this.load();
  }

  close(): void {
    this.#ended.abort();
    this.#stop();
  }

  async load(): Promise<void> {
    this.#loadAtMs = Date.now() + refreshMs;
    const answer = await this.context.api.call<TopicRules>('GET', path, { tenant: this.tenant }, undefined, this.#ended.signal);
    if (this.#ended.signal.aborted) return;
    batch(() => {
      this.refusal.value = answer.ok ? undefined : answer.refusal;
      if (!answer.ok) return;
      this.rules.value = answer.value.rules;
      this.conflicts.value = answer.value.conflicts;
    });
  }

  /** Makes a rule, or replaces the one of this name; with `position` it is put there. */
  async save(form: RuleForm, isNew: boolean, position?: number): Promise<Refusal | undefined> {
    const { name, ...rest } = form;
    const body = { ...rest, prefix: form.prefix || null, value_name: form.value_name || null, ...(position !== undefined && { position }) };
    const { api } = this.context;
    const answer: Answer<unknown> = isNew
      ? await api.call('POST', path, {}, { name, tenant: this.tenant, ...body })
      : await api.call('PUT', `${path}/${encodeURIComponent(name)}`, { tenant: this.tenant }, body);
    await this.load();
    return answer.ok ? undefined : answer.refusal;
  }

  /** One place earlier (-1) or later (1). */
  async move(rule: OwnRule, by: -1 | 1): Promise<void> {
    const refusal = await this.save(formOf(rule), false, rule.position + by);
    if (refusal) this.refusal.value = refusal;
  }

  async remove(name: string): Promise<Refusal | undefined> {
    const answer = await this.context.api.call('DELETE', `${path}/${encodeURIComponent(name)}`, { tenant: this.tenant });
    await this.load();
    return answer.ok ? undefined : answer.refusal;
  }

  /** What a message would become; nothing is stored. */
  try({ topic, payload, device }: TrialDraft): Promise<Answer<TopicRuleTrial>> {
    const body = { tenant: this.tenant, topic, payload_base64: base64Of(payload), ...(device && { device_id: device }) };
    return this.context.api.call('POST', `${path}/test`, {}, body, this.#ended.signal);
  }
}
