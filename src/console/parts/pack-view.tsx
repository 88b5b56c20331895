import { useEffect, useState } from 'preact/hooks';
import type { Pack, PackShown } from '../data/answer.js';
import type { PackList } from '../data/packs.js';
import { refusalText } from '../data/refusal.js';
import { formatRoute } from '../data/route.js';
import { Dialog } from './dialog.js';
import { Facts } from './facts.js';
import { Table } from './table.js';

interface PackViewProps {
  readonly model: PackList;
  readonly pack: Pack;
  readonly tenant: string;
  readonly onClose: () => void;
}

/** What a pack holds, and what it made. */
export function PackView({ model, pack, tenant, onClose }: PackViewProps) {
  const [shown, setShown] = useState<PackShown>();
  const [refusal, setRefusal] = useState('');
  useEffect(() => {
    void model.read(pack.name).then((answer) => (answer.ok ? setShown(answer.value) : setRefusal(refusalText(answer.refusal))));
  }, []);
  return (
    <Dialog label={`Pack ${pack.name}`} onClose={onClose}>
      {(close) => (
        <section>
          <h2>
            {pack.name} {pack.version}
          </h2>
          <p>{pack.description}</p>
          {shown && <Content shown={shown} tenant={tenant} onFollow={close} />}
          <p class="refusal" role="alert">
            {refusal}
          </p>
          <div class="actions">
            <button type="button" class="quiet" onClick={close}>
              Close
            </button>
          </div>
        </section>
      )}
    </Dialog>
  );
}

function Content({ shown, tenant, onFollow }: { shown: PackShown; tenant: string; onFollow: () => void }) {
  const schemas = shown.schemas.map(({ schema_id: schema, firmware_version: firmware, version }) => (
    <a key={schema} href={formatRoute({ page: 'schemas', tenant, schema })} onClick={onFollow}>
      version {version} for firmware {firmware}{' '}
    </a>
  ));
  return (
    <>
      <Facts
        facts={[
          ['Made by', shown.vendor],
          ['Class', shown.device_class ?? '–'],
          ['Schemas', schemas.length > 0 ? schemas : 'none'],
          ['Codec', shown.codec ?? 'none'],
          ['Test messages', shown.vectors.map(({ name }) => name).join(', ')],
        ]}
      />
      {shown.topic_rules.length > 0 && (
        <Table head={['Rule', 'Topics', 'Whose readings', 'Decoder']}>
          {shown.topic_rules.map(({ name, pattern, device, decoder }) => (
            <tr key={`${name} ${pattern}`}>
              <td class="id">
                <b>{name}</b>
              </td>
              <td>
                <code>{pattern}</code>
              </td>
              <td>{device}</td>
              <td>{decoder}</td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}
