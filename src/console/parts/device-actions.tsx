import { useState } from 'preact/hooks';
import type { Answer, Device } from '../data/answer.js';
import type { Context } from '../data/context.js';
import { formatMoment } from '../data/format.js';
import { refusalText } from '../data/refusal.js';
import { formatRoute } from '../data/route.js';
import { CommandLine } from './command-line.js';
import { Dialog } from './dialog.js';
import { ChoiceField } from './fields.js';

type Action = 'deactivate' | 'activate' | 'rotate' | 'delete';

const words: Readonly<Record<Action, { readonly label: string; readonly about: string }>> = {
  deactivate: { label: 'Deactivate', about: 'Its connection is closed, and its messages are refused until it is activated again.' },
  activate: { label: 'Activate', about: 'It may connect and publish again.' },
  rotate: {
    label: 'New token',
    about: 'It gets a new token, shown once. So that nobody has to hurry, the one it has now can stay valid for a while.',
  },
  delete: { label: 'Delete', about: 'It can no longer connect and leaves the registry. Its readings stay in the database.' },
};

/** For how long a token stays valid after the next, in seconds. */
const graces = [
  ['0', 'no longer'],
  ['3600', 'for an hour'],
  ['86400', 'for a day'],
  ['604800', 'for a week'],
  ['2592000', 'for 30 days'],
] as const;

/** What can be done to a device: each asks once more before it does. */
export function DeviceActions({ context, device }: { context: Context; device: Device }) {
  const [action, setAction] = useState<Action>();
  const offered: Action[] = [device.status === 'active' ? 'deactivate' : 'activate', 'rotate', 'delete'];
  return (
    <div class="device-actions">
      {device.status !== 'decommissioned' &&
        offered.map((name) => (
          <button key={name} type="button" onClick={() => setAction(name)}>
            {words[name].label}
          </button>
        ))}
      {action && <Confirm context={context} device={device} action={action} onClose={() => setAction(undefined)} />}
    </div>
  );
}

interface ConfirmProps {
  readonly context: Context;
  readonly device: Device;
  readonly action: Action;
  readonly onClose: () => void;
}

function Confirm({ context, device, action, onClose }: ConfirmProps) {
  const { label, about } = words[action];
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState('');
  const [graceSeconds, setGraceSeconds] = useState('86400');
  const [token, setToken] = useState<{ readonly text: string; readonly before: string }>();
  const run = async (close: () => void) => {
    setBusy(true);
    const answer = await act(context, device, action, Number(graceSeconds));
    setBusy(false);
    if (!answer.ok) return setRefusal(refusalText(answer.refusal));
    if (answer.value) return setToken(answer.value);
    close();
    if (action === 'delete') location.hash = formatRoute({ page: 'fleet', tenant: device.tenant });
  };
  return (
    <Dialog label={`${label}: ${device.device_id}`} onClose={onClose}>
      {(close) => (
        <section>
          <h2>
            {label}: {device.device_id}
          </h2>
          <p>{token ? `This is the new token. It is shown only now. ${token.before}` : about}</p>
          {action === 'rotate' && !token && (
            <ChoiceField
              id="token-grace"
              label="The token before is valid"
              options={graces}
              value={graceSeconds}
              onChange={setGraceSeconds}
            />
          )}
          {token && <CommandLine label="Token" command={token.text} />}
          <p class="refusal" role="alert">
            {refusal}
          </p>
          <div class="actions">
            <button type="button" class="quiet" onClick={close}>
              {token ? 'Done' : 'Cancel'}
            </button>
            {!token && (
              <button type="button" class="primary" disabled={busy} onClick={() => void run(close)}>
                {label}
              </button>
            )}
          </div>
        </section>
      )}
    </Dialog>
  );
}

/** The value is a token that has to be shown. */
async function act(
  { api }: Context,
  { tenant, device_id }: Device,
  action: Action,
  graceSeconds: number,
): Promise<Answer<{ text: string; before: string } | undefined>> {
  if (action === 'rotate') {
    const answer = await api.rotateToken(tenant, device_id, graceSeconds);
    if (!answer.ok) return answer;
    const { auth_token: text, previous_valid_until: until } = answer.value;
    return {
      ok: true,
      value: { text, before: until === null ? '' : `The one before stays valid until ${formatMoment(Date.parse(until))}.` },
    };
  }
  const status = action === 'activate' ? 'active' : 'inactive';
  const answer = await (action === 'delete' ? api.deleteDevice(tenant, device_id) : api.changeStatus(tenant, device_id, status));
  return answer.ok ? { ok: true, value: undefined } : answer;
}
