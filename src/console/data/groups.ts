import { signal } from '@preact/signals';
import type { Answer, DevicePage, GroupMembers, Groups } from './answer.js';
import { PageModel } from './page-model.js';

export type Group = Groups['groups'][number];

export interface GroupForm {
  readonly name: string;
  /** Path of the group that it is in; empty: none. */
  readonly parent: string;
  readonly description: string;
}

const path = '/v1/groups';

/** The groups of devices of a tenant, by path. */
export class GroupTree extends PageModel {
  /** Undefined before the first answer. */
  readonly groups = signal<readonly Group[] | undefined>(undefined);

  /** Makes a group, or changes the one of this number. */
  save({ name, parent, description }: GroupForm, id: number | undefined): Promise<Answer<Group>> {
    const body = { name, parent: parent || null, description: description || null };
    return id === undefined
      ? this.change('POST', path, { tenant: this.tenant, ...body })
      : this.change('PATCH', `${path}/${id}`, body, { tenant: this.tenant });
  }

  remove(id: number): Promise<Answer<unknown>> {
    return this.change('DELETE', `${path}/${id}`, undefined, { tenant: this.tenant });
  }

  /** Devices in it or in the groups in it: the first of them, and how many match. */
  members({ path: group }: Group): Promise<Answer<DevicePage>> {
    return this.call('GET', '/v1/devices', undefined, { tenant: this.tenant, group, limit: 100, count: 'true' });
  }

  changeMembers(id: number, add: readonly string[], remove: readonly string[]): Promise<Answer<GroupMembers>> {
    return this.change('POST', `${path}/${id}/devices`, { add, remove }, { tenant: this.tenant });
  }

  protected sources() {
    return [
      this.source<Groups>(path, ({ groups }) => {
        this.groups.value = groups;
      }),
    ];
  }
}
