import { useState } from 'preact/hooks';
import type { Context } from '../data/context.js';
import { formatBytes } from '../data/format.js';
import { payloadBytes, previewPayload } from '../data/payload.js';
import { type RetainedMessage, RetainedPages } from '../data/retained.js';
import type { PlainRoute } from '../data/route.js';
import { Age } from '../parts/age.js';
import { CursorPager } from '../parts/cursor-pager.js';
import { DeleteDialog } from '../parts/delete-dialog.js';
import { EmptyState } from '../parts/empty-state.js';
import { MessagePublish } from '../parts/message-publish.js';
import { Notice } from '../parts/notice.js';
import { Table } from '../parts/table.js';
import { useModel } from '../parts/use-model.js';

const shownBytesMax = 120;

/** The message that each topic keeps for who subscribes later, and a form to publish one. */
export function MessagesPage({ context, route }: { context: Context; route: PlainRoute }) {
  const model = useModel(() => new RetainedPages(context, route.tenant));
  const [publishing, setPublishing] = useState(false);
  const [deleted, setDeleted] = useState<string>();
  const messages = model.messages.value;
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Messages</h1>
        <input
          type="search"
          placeholder="plant/+/mode or plant/#"
          aria-label="Topics"
          value={model.filter.value}
          onChange={(event) => model.narrow(event.currentTarget.value.trim())}
        />
        <span class="position" role="status">
          {messages ? `Retained in tenant ${route.tenant}` : model.refusal.value ? '' : 'Loading retained messages …'}
        </span>
        <button type="button" class="primary" onClick={() => setPublishing(true)}>
          Publish message
        </button>
      </div>
      <p class="lead">A retained message is kept by its topic: whoever subscribes later gets it at once.</p>
      <Notice refusal={model.refusal.value} live={context.live} />
      {messages && messages.length > 0 && <MessageTable messages={messages} onDelete={setDeleted} />}
      {messages?.length === 0 && (
        <EmptyState title={model.filter.value ? 'No topic matches' : 'No retained messages'}>
          <p>A message that is published with the flag “retain” shows up here.</p>
        </EmptyState>
      )}
      <CursorPager pages={model.pages} onTurn={() => void model.load()} />
      {publishing && <MessagePublish model={model} tenant={route.tenant} onClose={() => setPublishing(false)} />}
      {deleted !== undefined && (
        <DeleteDialog
          what={`the retained message of ${deleted}`}
          about="Who subscribes to its topic from now on gets none. Who has it keeps it."
          remove={() => model.remove(deleted)}
          onClose={() => setDeleted(undefined)}
        />
      )}
    </main>
  );
}

function MessageTable({ messages, onDelete }: { messages: readonly RetainedMessage[]; onDelete: (topic: string) => void }) {
  return (
    <Table head={['Topic', 'Payload', 'Size', 'QoS', 'Published', 'Change']}>
      {messages.map(({ topic, qos, bytes, published_at: at, payload_start_base64: start }) => (
        <tr key={topic} data-topic={topic}>
          <td class="id">
            <code>{topic}</code>
          </td>
          <td>
            <code>{startOf(start, bytes)}</code>
          </td>
          <td>{formatBytes(bytes)}</td>
          <td>{qos}</td>
          <td>
            <Age ms={Date.parse(at)} />
          </td>
          <td class="rule-actions">
            <button type="button" aria-label={`Delete the retained message of ${topic}`} onClick={() => onDelete(topic)}>
              Delete
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** The start of a payload on one line: as text, or its bytes. */
function startOf(base64: string, total: number): string {
  const bytes = payloadBytes(base64);
  const preview = previewPayload(bytes, shownBytesMax);
  const text =
    preview.kind === 'hex' ? [...bytes.subarray(0, 24)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ') : preview.text;
  return total > shownBytesMax ? `${text} …` : text || '(empty)';
}
