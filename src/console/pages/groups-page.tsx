import { useState } from 'preact/hooks';
import type { Context } from '../data/context.js';
import { formatCount } from '../data/format.js';
import { type Group, GroupTree } from '../data/groups.js';
import type { PlainRoute } from '../data/route.js';
import { DeleteDialog } from '../parts/delete-dialog.js';
import { EmptyState } from '../parts/empty-state.js';
import { GroupEditor } from '../parts/group-editor.js';
import { GroupMembersView } from '../parts/group-members.js';
import { Notice } from '../parts/notice.js';
import { Table } from '../parts/table.js';
import { useModel } from '../parts/use-model.js';

type Asked = { readonly kind: 'edit'; readonly group: Group | undefined } | { readonly kind: 'members' | 'delete'; readonly group: Group };

/** Groups of devices and the groups in them: made, moved, filled and deleted. */
export function GroupsPage({ context, route }: { context: Context; route: PlainRoute }) {
  const model = useModel(() => new GroupTree(context, route.tenant));
  const [asked, setAsked] = useState<Asked>();
  const groups = model.groups.value;
  const close = () => setAsked(undefined);
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Groups</h1>
        <span class="position" role="status">
          {groups ? `Of tenant ${route.tenant}` : model.refusal.value ? '' : 'Loading groups …'}
        </span>
        <button type="button" class="primary" onClick={() => setAsked({ kind: 'edit', group: undefined })}>
          Add group
        </button>
      </div>
      <p class="lead">
        A device is in as many groups as it needs, and a group may be in another one. Devices are searched by them, and a key may be of one.
      </p>
      <Notice refusal={model.refusal.value} live={context.live} />
      {groups && groups.length > 0 && <GroupTable groups={groups} onAsk={setAsked} />}
      {groups?.length === 0 && (
        <EmptyState title="No groups">
          <p>Add one for a plant, a hall or a customer, then put devices into it.</p>
        </EmptyState>
      )}
      {asked?.kind === 'edit' && <GroupEditor model={model} group={asked.group} onClose={close} />}
      {asked?.kind === 'members' && <GroupMembersView model={model} group={asked.group} onClose={close} />}
      {asked?.kind === 'delete' && (
        <DeleteDialog
          what={`group ${asked.group.path}`}
          about="Its devices stay, in the other groups that they are in. A group that has groups in it cannot be deleted."
          remove={() => model.remove(asked.group.id)}
          onClose={close}
        />
      )}
    </main>
  );
}

function GroupTable({ groups, onAsk }: { groups: readonly Group[]; onAsk: (asked: Asked) => void }) {
  return (
    <Table head={['Group', 'Devices', 'With those of groups in it', 'Description', 'Change']}>
      {groups.map((group) => (
        <tr key={group.id} data-group={group.path}>
          <td class="id">
            {group.parent !== null && <span class="lead">{group.parent} / </span>}
            <b>{group.name}</b>
          </td>
          <td>{formatCount(group.devices)}</td>
          <td>{formatCount(group.devices_nested)}</td>
          <td>{group.description ?? '–'}</td>
          <td class="rule-actions">
            <button type="button" aria-label={`Devices of ${group.path}`} onClick={() => onAsk({ kind: 'members', group })}>
              Devices
            </button>
            <button type="button" aria-label={`Edit ${group.path}`} onClick={() => onAsk({ kind: 'edit', group })}>
              Edit
            </button>
            <button type="button" aria-label={`Delete ${group.path}`} onClick={() => onAsk({ kind: 'delete', group })}>
              Delete
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}
