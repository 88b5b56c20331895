import { useRef, useState } from 'preact/hooks';
import type { AccessList } from '../data/access.js';
import type { ServiceMade } from '../data/answer.js';
import { CommandLine } from './command-line.js';
import { Dialog } from './dialog.js';

/** The dialog that makes a service client and shows its secret, which is shown only this once. */
export function ServiceAdd({ model, tenant, onClose }: { model: AccessList; tenant: string; onClose: () => void }) {
  const name = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState('');
  const [made, setMade] = useState<ServiceMade>();
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const answer = await model.addService(name.current!.value.trim());
    setBusy(false);
    if (answer.ok) setMade(answer.value);
    else setRefusal([answer.refusal.message, answer.refusal.wayOut].filter(Boolean).join('. '));
  };
  return (
    <Dialog label="Add a service client" onClose={onClose}>
      {(close) =>
        made ? (
          <Secret made={made} close={close} />
        ) : (
          <form onSubmit={submit}>
            <h2>Add a service client</h2>
            <label for="service-name">Name in tenant {tenant}</label>
            <input id="service-name" ref={name} required autocomplete="off" spellcheck={false} maxLength={128} placeholder="dashboard" />
            <p class="hint">It may use no topic until a rule for service:NAME allows it.</p>
            <p class="refusal" role="alert">
              {refusal}
            </p>
            <div class="actions">
              <button type="button" class="quiet" onClick={close}>
                Cancel
              </button>
              <button type="submit" class="primary" disabled={busy}>
                Add service client
              </button>
            </div>
          </form>
        )
      }
    </Dialog>
  );
}

function Secret({ made, close }: { made: ServiceMade; close: () => void }) {
  return (
    <section>
      <h2>{made.name} can connect</h2>
      <p>
        It connects over MQTT with this user name and this password. The password is shown only now: Spillway keeps no more than a hash of
        it.
      </p>
      <CommandLine label="User name" command={made.username} />
      <CommandLine label="Password" command={made.secret} />
      <div class="actions">
        <button type="button" class="primary" onClick={close}>
          Done
        </button>
      </div>
    </section>
  );
}
