import { signal } from '@preact/signals';
import type { Answer, Groups, KeyMade, Keys } from './answer.js';
import { PageModel } from './page-model.js';

export type Key = Keys['keys'][number];
export type Group = Groups['groups'][number];

/** A key as it is made; empty texts are absent. */
export interface KeyForm {
  readonly name: string;
  readonly role: Key['role'];
  /** Empty: all tenants. */
  readonly tenant: string;
  /** Path of a group of the tenant. */
  readonly group: string;
  /** As a field for a moment has it, in the time zone of the browser. */
  readonly validUntil: string;
}

/** The keys of operators and of what works for them. */
export class KeyList extends PageModel {
  /** Undefined before the first answer. */
  readonly keys = signal<readonly Key[] | undefined>(undefined);

  /** The answer has the key, which cannot be read again. */
  add({ name, role, tenant, group, validUntil }: KeyForm): Promise<Answer<KeyMade>> {
    const expires_at = validUntil ? new Date(validUntil).toISOString() : null;
    return this.change('POST', '/v1/keys', { name, role, tenant: tenant || null, group: group || null, expires_at });
  }

  revoke(id: number): Promise<Answer<unknown>> {
    return this.change('DELETE', `/v1/keys/${id}`);
  }

  /** The paths of the groups that a tenant has; none where they cannot be had. */
  async groupsOf(tenant: string): Promise<readonly string[]> {
    if (tenant === '') return [];
    const answer = await this.call<Groups>('GET', '/v1/groups', undefined, { tenant });
    return answer.ok ? answer.value.groups.map(({ path }) => path) : [];
  }

  protected sources() {
    const take = ({ keys }: Keys) => {
      this.keys.value = keys;
    };
    return [{ path: '/v1/keys', query: {}, take }];
  }
}
