import { useEffect, useState } from 'preact/hooks';
import type { Answer, DevicePage, GroupMembers } from '../data/answer.js';
import { formatCount } from '../data/format.js';
import type { Group, GroupTree } from '../data/groups.js';
import { refusalText } from '../data/refusal.js';
import { formatRoute } from '../data/route.js';
import { Dialog } from './dialog.js';
import { AreaField } from './fields.js';
import { Table } from './table.js';

interface GroupMembersProps {
  readonly model: GroupTree;
  readonly group: Group;
  readonly onClose: () => void;
}

/** The devices of a group: put in by id, and taken out. */
export function GroupMembersView({ model, group, onClose }: GroupMembersProps) {
  const [page, setPage] = useState<DevicePage>();
  const [ids, setIds] = useState('');
  const [outcome, setOutcome] = useState('');
  const [refusal, setRefusal] = useState('');
  const read = async () => {
    const answer = await model.members(group);
    if (answer.ok) setPage(answer.value);
    else setRefusal(refusalText(answer.refusal));
  };
  useEffect(() => void read(), []);
  const change = async (add: readonly string[], remove: readonly string[]) => {
    const answer: Answer<GroupMembers> = await model.changeMembers(group.id, add, remove);
    setRefusal(answer.ok ? '' : refusalText(answer.refusal));
    setOutcome(answer.ok ? outcomeOf(answer.value) : '');
    if (answer.ok) setIds('');
    await read();
  };
  return (
    <Dialog label={`Devices of ${group.path}`} onClose={onClose}>
      {(close) => (
        <section>
          <h2>Devices of {group.path}</h2>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void change(ids.split(/[\s,]+/).filter(Boolean), []);
            }}
          >
            <AreaField
              id="group-ids"
              label="Put in"
              hint="Ids of devices, with spaces, commas or line ends between them."
              rows={2}
              required
              value={ids}
              onChange={setIds}
            />
            <p class="refusal" role="alert">
              {refusal}
            </p>
            <p role="status">{outcome}</p>
            <div class="actions">
              <button type="button" class="quiet" onClick={close}>
                Close
              </button>
              <button type="submit" class="primary">
                Put in
              </button>
            </div>
          </form>
          {page && <Members page={page} group={group} onRemove={(id) => void change([], [id])} />}
        </section>
      )}
    </Dialog>
  );
}

function outcomeOf({ added, removed, unknown }: GroupMembers): string {
  const parts = [
    added > 0 ? `${formatCount(added)} put in` : '',
    removed > 0 ? `${formatCount(removed)} taken out` : '',
    unknown.length > 0 ? `no device has the id ${unknown.join(', ')}` : '',
  ].filter(Boolean);
  return `${parts.join('; ') || 'Nothing changed'}.`;
}

function Members({ page: { devices, matched }, group, onRemove }: { page: DevicePage; group: Group; onRemove: (id: string) => void }) {
  if (devices.length === 0) return <p>No device is in it.</p>;
  return (
    <>
      {matched !== undefined && matched > devices.length && (
        <p>
          The first {formatCount(devices.length)} of {formatCount(matched)}:
        </p>
      )}
      <Table head={['Device', 'Class', 'Change']}>
        {devices.map(({ tenant, device_id: id, device_class: named, groups }) => (
          <tr key={id} data-member={id}>
            <td class="id">
              <a href={formatRoute({ page: 'device', tenant, device: id, metrics: [] })}>{id}</a>
            </td>
            <td>{named ?? '–'}</td>
            <td class="rule-actions">
              {groups.includes(group.path) ? (
                <button type="button" aria-label={`Take ${id} out`} onClick={() => onRemove(id)}>
                  Take out
                </button>
              ) : (
                'in a group in it'
              )}
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}
