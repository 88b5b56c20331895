import { useState } from 'preact/hooks';
import type { Codec } from '../data/answer.js';
import { CodecList } from '../data/codecs.js';
import type { Context } from '../data/context.js';
import { formatBytes, formatMoment } from '../data/format.js';
import { formatRoute, type PlainRoute } from '../data/route.js';
import { CodecAdd } from '../parts/codec-add.js';
import { CodecView } from '../parts/codec-view.js';
import { DeleteDialog } from '../parts/delete-dialog.js';
import { EmptyState } from '../parts/empty-state.js';
import { Notice } from '../parts/notice.js';
import { Table } from '../parts/table.js';
import { useModel } from '../parts/use-model.js';

type Asked = { readonly kind: 'add' } | { readonly kind: 'try' | 'delete'; readonly codec: Codec };

/** WebAssembly modules that decode payloads which no schema can describe: uploaded, tried on a payload, and deleted. */
export function CodecsPage({ context, route }: { context: Context; route: PlainRoute }) {
  const model = useModel(() => new CodecList(context, route.tenant));
  const [asked, setAsked] = useState<Asked>();
  const codecs = model.codecs.value;
  const close = () => setAsked(undefined);
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Codecs</h1>
        <span class="position" role="status">
          {codecs ? `Of tenant ${route.tenant}` : model.refusal.value ? '' : 'Loading codecs …'}
        </span>
        <button type="button" class="primary" onClick={() => setAsked({ kind: 'add' })}>
          Upload codec
        </button>
      </div>
      <p class="lead">
        A codec is a WebAssembly module that decodes payloads which no schema can describe. It is used by the{' '}
        <a href={formatRoute({ page: 'schemas', tenant: route.tenant })}>schema</a> that has it as its format; the next version of that
        schema puts another one in its place while messages come.
      </p>
      <Notice refusal={model.refusal.value} live={context.live} />
      {codecs && codecs.length > 0 && <CodecTable codecs={codecs} onAsk={setAsked} />}
      {codecs?.length === 0 && (
        <EmptyState title="No codecs">
          <p>What a module has to export is in deploy/CODECS.md, with examples in AssemblyScript and Rust.</p>
        </EmptyState>
      )}
      {asked?.kind === 'add' && <CodecAdd model={model} onClose={close} />}
      {asked?.kind === 'try' && <CodecView model={model} codec={asked.codec} tenant={route.tenant} onClose={close} />}
      {asked?.kind === 'delete' && (
        <DeleteDialog
          what={asked.codec.format}
          about="No schema may have it as its format. It cannot be had back from Spillway."
          remove={() => model.remove(asked.codec.codec_id)}
          onClose={close}
        />
      )}
    </main>
  );
}

function CodecTable({ codecs, onAsk }: { codecs: readonly Codec[]; onAsk: (asked: Asked) => void }) {
  return (
    <Table head={['Codec', 'Format', 'Size', 'Memory', 'Made', 'Change']}>
      {codecs.map((codec) => (
        <tr key={codec.codec_id} data-codec={codec.format}>
          <td class="id">
            <b>{codec.name}</b> version {codec.version}
          </td>
          <td>
            <code>{codec.format}</code>
          </td>
          <td>{formatBytes(codec.bytes)}</td>
          <td>at most {formatBytes(codec.memory_pages_max * 65_536)}</td>
          <td>{formatMoment(Date.parse(codec.created_at))}</td>
          <td class="rule-actions">
            <button type="button" aria-label={`Try ${codec.format}`} onClick={() => onAsk({ kind: 'try', codec })}>
              Try
            </button>
            <button type="button" aria-label={`Delete ${codec.format}`} onClick={() => onAsk({ kind: 'delete', codec })}>
              Delete
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}
