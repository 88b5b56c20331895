import { useState } from 'preact/hooks';
import type { Group, GroupForm, GroupTree } from '../data/groups.js';
import { ChoiceField, TextField } from './fields.js';
import { FormDialog } from './form-dialog.js';

interface GroupEditorProps {
  readonly model: GroupTree;
  /** Undefined: a new one. */
  readonly group: Group | undefined;
  readonly onClose: () => void;
}

/** The dialog that makes a group, or changes its name, its place and its description. */
export function GroupEditor({ model, group, onClose }: GroupEditorProps) {
  const [form, setForm] = useState<GroupForm>({
    name: group?.name ?? '',
    parent: group?.parent ?? '',
    description: group?.description ?? '',
  });
  const change = (part: Partial<GroupForm>) => setForm({ ...form, ...part });
  const others = (model.groups.value ?? []).filter(({ id }) => id !== group?.id).map(({ path }) => path);
  return (
    <FormDialog
      title={group ? `Edit ${group.path}` : 'Add a group'}
      action={group ? 'Save' : 'Add group'}
      submit={() => model.save(form, group?.id)}
      onClose={onClose}
    >
      <TextField id="group-name" label="Name" placeholder="hall-3" required value={form.name} onChange={(name) => change({ name })} />
      <ChoiceField
        id="group-parent"
        label="In group"
        options={[['', 'none'], ...others]}
        value={form.parent}
        onChange={(parent) => change({ parent })}
      />
      <TextField id="group-description" label="Description" value={form.description} onChange={(description) => change({ description })} />
    </FormDialog>
  );
}
