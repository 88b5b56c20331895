import { useState } from 'preact/hooks';
import type { Pack, PackKey } from '../data/answer.js';
import type { Context } from '../data/context.js';
import { formatMoment } from '../data/format.js';
import { PackList } from '../data/packs.js';
import { refusalText } from '../data/refusal.js';
import type { PlainRoute } from '../data/route.js';
import { DeleteDialog } from '../parts/delete-dialog.js';
import { EmptyState } from '../parts/empty-state.js';
import { Notice } from '../parts/notice.js';
import { PackInstall } from '../parts/pack-install.js';
import { PackKeys } from '../parts/pack-keys.js';
import { PackView } from '../parts/pack-view.js';
import { Table } from '../parts/table.js';
import { useModel } from '../parts/use-model.js';

type Asked = { readonly kind: 'install' } | { readonly kind: 'show' | 'roll back' | 'remove'; readonly pack: Pack };

/** What decoding a class of devices takes, in one signed file: verified, installed, rolled back, removed; and the built-in ones. */
export function PacksPage({ context, route }: { context: Context; route: PlainRoute }) {
  const model = useModel(() => new PackList(context, route.tenant));
  const [asked, setAsked] = useState<Asked>();
  const [refusal, setRefusal] = useState('');
  const packs = model.packs.value;
  const keys = model.keys.value ?? [];
  const own = packs?.filter((pack) => !pack.built_in) ?? [];
  const builtIn = packs?.filter((pack) => pack.built_in) ?? [];
  const close = () => setAsked(undefined);
  const enable = async ({ name, enabled }: Pack) => {
    const answer = await model.enable(name, !enabled);
    setRefusal(answer.ok ? '' : refusalText(answer.refusal));
  };
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Device packs</h1>
        <span class="position" role="status">
          {packs ? `Of tenant ${route.tenant}` : model.refusal.value ? '' : 'Loading device packs …'}
        </span>
        <button type="button" class="primary" onClick={() => setAsked({ kind: 'install' })}>
          Install pack
        </button>
      </div>
      <p class="lead">
        A device pack is one signed file with what decoding a class of devices takes: topic rules, schemas, a codec, and messages with the
        readings that they have to become.
      </p>
      <Notice refusal={model.refusal.value} live={context.live} />
      <p class="refusal" role="alert">
        {refusal}
      </p>
      {own.length > 0 && <OwnPacks packs={own} keys={keys} onAsk={setAsked} />}
      {packs && own.length === 0 && (
        <EmptyState title="No packs of this tenant">
          <p>Whoever makes a pack signs it; the file format is in deploy/PACKS.md.</p>
        </EmptyState>
      )}
      <PackKeys model={model} />
      {builtIn.length > 0 && (
        <details class="built-in">
          <summary>{builtIn.length} built-in packs</summary>
          <BuiltInPacks packs={builtIn} onShow={(pack) => setAsked({ kind: 'show', pack })} onSwitch={(pack) => void enable(pack)} />
        </details>
      )}
      {asked?.kind === 'install' && <PackInstall model={model} tenant={route.tenant} onClose={close} />}
      {asked?.kind === 'show' && <PackView model={model} pack={asked.pack} tenant={route.tenant} onClose={close} />}
      {asked?.kind === 'roll back' && (
        <DeleteDialog
          action="Roll back"
          what={asked.pack.name}
          about="The version before it is installed in its place, as it was signed then."
          remove={() => model.rollBack(asked.pack.name)}
          onClose={close}
        />
      )}
      {asked?.kind === 'remove' && (
        <DeleteDialog
          action="Remove"
          what={asked.pack.name}
          about="Its topic rules go and its schemas are retired; devices and their data stay."
          remove={() => model.remove(asked.pack.name)}
          onClose={close}
        />
      )}
    </main>
  );
}

interface OwnPacksProps {
  readonly packs: readonly Pack[];
  readonly keys: readonly PackKey[];
  readonly onAsk: (asked: Asked) => void;
}

function OwnPacks({ packs, keys, onAsk }: OwnPacksProps) {
  const signer = (id: string | null) => (id === null ? 'nobody' : (keys.find((key) => key.key_id === id)?.name ?? `key ${id}`));
  return (
    <Table head={['Pack', 'Version', 'Made by', 'Class', 'Signed by', 'Installed', 'Change']}>
      {packs.map((pack) => (
        <tr key={pack.name} data-pack={pack.name}>
          <td class="id">
            <b>{pack.name}</b>
            <p>{pack.description}</p>
          </td>
          <td>{pack.version}</td>
          <td>{pack.vendor}</td>
          <td>{pack.device_class ?? '–'}</td>
          <td>{signer(pack.signed_by)}</td>
          <td>{formatMoment(Date.parse(pack.installed_at ?? ''))}</td>
          <td class="rule-actions">
            <button type="button" aria-label={`Show ${pack.name}`} onClick={() => onAsk({ kind: 'show', pack })}>
              Show
            </button>
            {pack.can_roll_back && (
              <button type="button" aria-label={`Roll back ${pack.name}`} onClick={() => onAsk({ kind: 'roll back', pack })}>
                Roll back
              </button>
            )}
            <button type="button" aria-label={`Remove ${pack.name}`} onClick={() => onAsk({ kind: 'remove', pack })}>
              Remove
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}

interface BuiltInPacksProps {
  readonly packs: readonly Pack[];
  readonly onShow: (pack: Pack) => void;
  readonly onSwitch: (pack: Pack) => void;
}

function BuiltInPacks({ packs, onShow, onSwitch }: BuiltInPacksProps) {
  return (
    <Table head={['Pack', 'What it reads', 'State', 'Change']}>
      {packs.map((pack) => (
        <tr key={pack.name} data-pack={pack.name}>
          <td class="id">
            <b>{pack.name}</b>
          </td>
          <td>{pack.description}</td>
          <td>{pack.enabled ? 'on' : 'off'}</td>
          <td class="rule-actions">
            <button type="button" aria-label={`Show ${pack.name}`} onClick={() => onShow(pack)}>
              Show
            </button>
            <button type="button" aria-label={`Switch ${pack.enabled ? 'off' : 'on'} ${pack.name}`} onClick={() => onSwitch(pack)}>
              {pack.enabled ? 'Switch off' : 'Switch on'}
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}
