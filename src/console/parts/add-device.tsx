import { useRef, useState } from 'preact/hooks';
import type { Registered } from '../data/answer.js';
import { httpCommand, mqttCommand } from '../data/commands.js';
import type { Context } from '../data/context.js';
import { refusalText } from '../data/refusal.js';
import { formatRoute } from '../data/route.js';
import { CommandLine } from './command-line.js';
import { Dialog } from './dialog.js';

interface AddDeviceProps {
  readonly context: Context;
  readonly tenant: string;
  readonly onAdded: () => void;
  readonly onClose: () => void;
}

/** The dialog that registers one device and shows its token, which the registry shows only this once. */
export function AddDevice({ context, tenant, onAdded, onClose }: AddDeviceProps) {
  const id = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState('');
  const [registered, setRegistered] = useState<Registered>();
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const wanted = id.current!.value.trim();
    const answer = await context.api.register({ tenant, ...(wanted ? { device_id: wanted } : {}) });
    setBusy(false);
    if (!answer.ok) return setRefusal(refusalText(answer.refusal));
    setRegistered(answer.value);
    onAdded();
  };
  return (
    <Dialog label="Add a device" onClose={onClose}>
      {(close) =>
        registered ? (
          <FirstToken context={context} device={registered} close={close} />
        ) : (
          <form onSubmit={submit}>
            <h2>Add a device</h2>
            <label for="new-device">Device id in tenant {tenant}</label>
            <input id="new-device" ref={id} name="device" autocomplete="off" spellcheck={false} maxLength={128} placeholder="dev-000001" />
            <p class="hint">It is also the MQTT client id. Left empty, Spillway makes one up.</p>
            <p class="refusal" role="alert">
              {refusal}
            </p>
            <div class="actions">
              <button type="button" class="quiet" onClick={close}>
                Cancel
              </button>
              <button type="submit" class="primary" disabled={busy}>
                Add device
              </button>
            </div>
          </form>
        )
      }
    </Dialog>
  );
}

function FirstToken({ context, device, close }: { context: Context; device: Registered; close: () => void }) {
  const { device_id, tenant, auth_token } = device;
  return (
    <section>
      <h2>{device_id} is registered</h2>
      <p>This is its token. It is shown only now: Spillway keeps no more than a hash of it.</p>
      <CommandLine label="Token" command={auth_token} />
      <p>Send a first reading:</p>
      <CommandLine label="MQTT" command={mqttCommand(tenant, device_id, auth_token, context.status.mqttPort.value)} />
      <CommandLine label="HTTP" command={httpCommand(tenant, device_id, auth_token)} />
      <div class="actions">
        <button type="button" class="quiet" onClick={close}>
          Done
        </button>
        <a class="button primary" href={formatRoute({ page: 'device', tenant, device: device_id, metrics: [] })} onClick={close}>
          Watch it live
        </a>
      </div>
    </section>
  );
}
