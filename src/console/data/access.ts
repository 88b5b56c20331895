import { signal } from '@preact/signals';
import type { AclCheck, AclRules, Answer, ServiceMade, Services } from './answer.js';
import { PageModel } from './page-model.js';

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
export class AccessList extends PageModel {
  /** Undefined before the first answer. */
  readonly acl = signal<AclRules | undefined>(undefined);
  readonly services = signal<readonly ServiceClient[] | undefined>(undefined);

  addRule(form: AclRuleForm): Promise<Answer<unknown>> {
    return this.change('POST', '/v1/acl', { tenant: this.tenant, ...form });
  }

  removeRule(id: number): Promise<Answer<unknown>> {
    return this.change('DELETE', `/v1/acl/${id}`, undefined, { tenant: this.tenant });
  }

  /** Whether a client may, and which rule says so; nothing is changed. */
  check({ kind, name, action, topic }: AclQuestion): Promise<Answer<AclCheck>> {
    return this.call('POST', '/v1/acl/check', { tenant: this.tenant, [kind]: name, action, topic });
  }

  /** The answer has the secret, which cannot be read again. */
  addService(name: string): Promise<Answer<ServiceMade>> {
    return this.change('POST', '/v1/services', { tenant: this.tenant, name });
  }

  removeService(name: string): Promise<Answer<unknown>> {
    return this.change('DELETE', `/v1/services/${encodeURIComponent(name)}`, undefined, { tenant: this.tenant });
  }

  protected sources() {
    return [
      this.source<AclRules>('/v1/acl', (acl) => {
        this.acl.value = acl;
      }),
      this.source<Services>('/v1/services', ({ services }) => {
        this.services.value = services;
      }),
    ];
  }
}
