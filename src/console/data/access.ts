import { batch, signal } from '@preact/signals';
import type { AclCheck, AclRules, Answer, Refusal, ServiceMade, Services } from './answer.js';
import type { Context } from './context.js';

/** Somebody else may change them. */
const refreshMs = 15_000;

export type AclRule = AclRules['rules'][number];
export type BuiltInAclRule = AclRules['built_in'][number];
export type ServiceClient = Services['services'][number];

export interface AclRuleForm {
  /** `all`, `class:NAME`, `device:ID` or `service:NAME`. */
  readonly subject: string;
  readonly action: AclRule['action'];
  readonly filter: string;
  readonly effect: AclRule['effect'];
}

/** Who is asked about, and for what. */
export interface AclQuestion {
  readonly kind: 'device' | 'service';
  readonly name: string;
  readonly action: 'publish' | 'subscribe';
  readonly topic: string;
}

/** Who may use which topics in a tenant: its rules, the built-in ones, and its service clients. */
export class AccessList {
  /** Undefined before the first answer. */
  readonly acl = signal<AclRules | undefined>(undefined);
  readonly services = signal<readonly ServiceClient[] | undefined>(undefined);
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
    const read = <T>(path: string) => this.context.api.call<T>('GET', path, { tenant: this.tenant }, undefined, this.#ended.signal);
    const [acl, services] = await Promise.all([read<AclRules>('/v1/acl'), read<Services>('/v1/services')]);
    if (this.#ended.signal.aborted) return;
    batch(() => {
      this.refusal.value = [acl, services].flatMap((answer) => (answer.ok ? [] : [answer.refusal]))[0];
      if (acl.ok) this.acl.value = acl.value;
      if (services.ok) this.services.value = services.value.services;
    });
  }

  async addRule(form: AclRuleForm): Promise<Refusal | undefined> {
    return this.#changed(await this.context.api.call('POST', '/v1/acl', {}, { tenant: this.tenant, ...form }));
  }

  async removeRule(id: number): Promise<Refusal | undefined> {
    return this.#changed(await this.context.api.call('DELETE', `/v1/acl/${id}`, { tenant: this.tenant }));
  }

  /** Whether a client may, and which rule says so; nothing is changed. */
  check({ kind, name, action, topic }: AclQuestion): Promise<Answer<AclCheck>> {
    return this.context.api.call('POST', '/v1/acl/check', {}, { tenant: this.tenant, [kind]: name, action, topic }, this.#ended.signal);
  }

  /** The answer has the secret, which cannot be read again. */
  async addService(name: string): Promise<Answer<ServiceMade>> {
    const answer = await this.context.api.call<ServiceMade>('POST', '/v1/services', {}, { tenant: this.tenant, name });
    await this.#changed(answer);
    return answer;
  }

  async removeService(name: string): Promise<Refusal | undefined> {
    return this.#changed(await this.context.api.call('DELETE', `/v1/services/${encodeURIComponent(name)}`, { tenant: this.tenant }));
  }

  async #changed(answer: Answer<unknown>): Promise<Refusal | undefined> {
    await this.load();
    return answer.ok ? undefined : answer.refusal;
  }
}
