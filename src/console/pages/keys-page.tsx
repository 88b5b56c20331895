import { useState } from 'preact/hooks';
import { nowMs } from '../data/clock.js';
import type { Context } from '../data/context.js';
import { formatMoment } from '../data/format.js';
import { type Key, KeyList } from '../data/keys.js';
import type { PlainRoute } from '../data/route.js';
import { Age } from '../parts/age.js';
import { DeleteDialog } from '../parts/delete-dialog.js';
import { KeyAdd } from '../parts/key-add.js';
import { Notice } from '../parts/notice.js';
import { Table } from '../parts/table.js';
import { useModel } from '../parts/use-model.js';

/** The keys with which people and programs use the API: made, listed without what they are, and revoked. */
export function KeysPage({ context, route }: { context: Context; route: PlainRoute }) {
  const model = useModel(() => new KeyList(context, route.tenant));
  const [adding, setAdding] = useState(false);
  const [revoked, setRevoked] = useState<Key>();
  const keys = model.keys.value;
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Keys</h1>
        <span class="position" role="status">
          {keys ? '' : model.refusal.value ? '' : 'Loading keys …'}
        </span>
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Add key
        </button>
      </div>
      <p class="lead">
        With a key, people and programs use this console, the API and the command line. A viewer reads, an operator changes devices and what
        they do, an admin changes everything. Give each its own, of as little as it needs.
      </p>
      <Notice refusal={model.refusal.value} live={context.live} />
      {keys && keys.length > 0 && <KeyTable keys={keys} onRevoke={setRevoked} />}
      {adding && <KeyAdd model={model} tenant={route.tenant} onClose={() => setAdding(false)} />}
      {revoked && (
        <DeleteDialog
          action="Revoke"
          what={`key ${revoked.id}, ${revoked.name}`}
          about="Whoever uses it is refused from now on. That cannot be undone."
          remove={() => model.revoke(revoked.id)}
          onClose={() => setRevoked(undefined)}
        />
      )}
    </main>
  );
}

function KeyTable({ keys, onRevoke }: { keys: readonly Key[]; onRevoke: (key: Key) => void }) {
  return (
    <Table head={['Key', 'Role', 'May see', 'Made', 'Last used', 'Expires', 'Change']}>
      {keys.map((key) => (
        <tr key={key.id} data-key={key.name}>
          <td class="id">
            <b>{key.name}</b>
          </td>
          <td>{key.role}</td>
          <td>{scopeOf(key)}</td>
          <td>{formatMoment(Date.parse(key.created_at))}</td>
          <td>{key.last_used_at === null ? 'not since the start' : <Age ms={Date.parse(key.last_used_at)} />}</td>
          <td>{expiryOf(key.expires_at)}</td>
          <td class="rule-actions">
            <button type="button" aria-label={`Revoke key ${key.name}`} onClick={() => onRevoke(key)}>
              Revoke
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function scopeOf({ tenant, group }: Key): string {
  if (tenant === null) return 'all tenants';
  return group === null ? `tenant ${tenant}` : `group ${group} of tenant ${tenant}`;
}

function expiryOf(at: string | null) {
  if (at === null) return 'never';
  const ms = Date.parse(at);
  if (ms > nowMs.value) return formatMoment(ms);
  return (
    <span class="tag" data-status="dead">
      expired
    </span>
  );
}
