import { useState } from 'preact/hooks';
import type { Device } from '../data/answer.js';
import { nowMs } from '../data/clock.js';
import type { Context } from '../data/context.js';
import { type Credential, CredentialList } from '../data/credentials.js';
import { formatMoment } from '../data/format.js';
import { CredentialAdd, typeNames } from './credential-add.js';
import { DeleteDialog } from './delete-dialog.js';
import { Notice } from './notice.js';
import { useModel } from './use-model.js';

/** With what a device may prove who it is, beside its token: listed, made and revoked. */
export function DeviceCredentials({ context, device }: { context: Context; device: Device }) {
  const model = useModel(() => new CredentialList(context, device.tenant, device.device_id));
  const [adding, setAdding] = useState(false);
  const [revoked, setRevoked] = useState<Credential>();
  const credentials = model.credentials.value;
  return (
    <section class="panel credentials" aria-label="Credentials">
      <h2>Credentials</h2>
      <Notice refusal={model.refusal.value} live={context.live} />
      {credentials && <p class="hint">{credentials.length === 0 ? 'None beside its token.' : 'Beside its token:'}</p>}
      <ul>
        {credentials?.map((credential) => (
          <li key={credential.id} data-credential={credential.type}>
            <div>
              <b>{typeNames[credential.type]}</b> <Validity credential={credential} />
              <p class="hint">{aboutOf(credential)}</p>
            </div>
            <button
              type="button"
              aria-label={`Revoke credential ${credential.id}, ${typeNames[credential.type]}`}
              onClick={() => setRevoked(credential)}
            >
              Revoke
            </button>
          </li>
        ))}
      </ul>
      {device.status !== 'decommissioned' && (
        <div class="device-actions">
          <button type="button" onClick={() => setAdding(true)}>
            Add credential
          </button>
        </div>
      )}
      {adding && <CredentialAdd model={model} device={device.device_id} onClose={() => setAdding(false)} />}
      {revoked && (
        <DeleteDialog
          action="Revoke"
          what={`credential ${revoked.id}, ${typeNames[revoked.type]}`}
          about="The connections that it let in end, and it lets in no other. That cannot be undone."
          remove={() => model.revoke(revoked.id)}
          onClose={() => setRevoked(undefined)}
        />
      )}
    </section>
  );
}

function Validity({ credential: { not_before: from, expires_at: until } }: { credential: Credential }) {
  if (until !== null && Date.parse(until) <= nowMs.value)
    return <span class="tag" data-status="dead">{`expired ${formatMoment(Date.parse(until))}`}</span>;
  if (from !== null && Date.parse(from) > nowMs.value)
    return <span class="tag" data-status="inactive">{`valid from ${formatMoment(Date.parse(from))}`}</span>;
  return <span class="tag">{until === null ? 'never expires' : `until ${formatMoment(Date.parse(until))}`}</span>;
}

function aboutOf({ id, certificate, fingerprint, public_key: key, created_at: made }: Credential): string {
  const parts = [
    certificate && `${certificate.subject.replaceAll('\n', ', ')}, issued by ${certificate.issuer.replaceAll('\n', ', ')}`,
    fingerprint && `SHA-256 ${fingerprint}`,
    key && [key.kty, key.crv].filter(Boolean).join(' '),
  ];
  return [`Number ${id}, made ${formatMoment(Date.parse(made))}`, ...parts.filter(Boolean)].join('; ');
}
