import { useState } from 'preact/hooks';
import type { Context } from '../data/context.js';
import { formatBytes, formatCount, formatSpan } from '../data/format.js';
import type { PlainRoute } from '../data/route.js';
import { type SessionEntry, SessionPages } from '../data/sessions.js';
import { Age } from '../parts/age.js';
import { CursorPager } from '../parts/cursor-pager.js';
import { DeleteDialog } from '../parts/delete-dialog.js';
import { EmptyState } from '../parts/empty-state.js';
import { Notice } from '../parts/notice.js';
import { SessionView } from '../parts/session-view.js';
import { Table } from '../parts/table.js';
import { useModel } from '../parts/use-model.js';

type Asked = { readonly kind: 'show' | 'end'; readonly session: SessionEntry };

/** MQTT sessions, connected or not: what waits for each, and a way to end it. */
export function SessionsPage({ context, route }: { context: Context; route: PlainRoute }) {
  const model = useModel(() => new SessionPages(context, route.tenant));
  const [asked, setAsked] = useState<Asked>();
  const sessions = model.sessions.value;
  const close = () => setAsked(undefined);
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Sessions</h1>
        <input
          type="search"
          placeholder="Client or device id"
          aria-label="Client"
          value={model.client.value}
          onInput={(event) => model.narrow(event.currentTarget.value.trim())}
        />
        <span class="position" role="status">
          {sessions ? `Of tenant ${route.tenant}` : model.refusal.value ? '' : 'Loading sessions …'}
        </span>
      </div>
      <p class="lead">
        An MQTT session keeps the subscriptions of a client and the messages that wait for it, as long as it expires after its connection.
      </p>
      <Notice refusal={model.refusal.value} live={context.live} />
      {sessions && sessions.length > 0 && <SessionTable sessions={sessions} onAsk={setAsked} />}
      {sessions?.length === 0 && (
        <EmptyState title={model.client.value ? 'No session matches' : 'No sessions'}>
          <p>A device or a service client that connects over MQTT shows up here.</p>
        </EmptyState>
      )}
      <CursorPager pages={model.pages} onTurn={() => void model.load()} />
      {asked?.kind === 'show' && <SessionView model={model} session={asked.session} onClose={close} />}
      {asked?.kind === 'end' && (
        <DeleteDialog
          action="End"
          what={`the session of ${asked.session.client}`}
          about="Its connection ends, and its subscriptions and all messages that wait for it are gone. The client may connect again."
          remove={() => model.end(asked.session.key)}
          onClose={close}
        />
      )}
    </main>
  );
}

function SessionTable({ sessions, onAsk }: { sessions: readonly SessionEntry[]; onAsk: (asked: Asked) => void }) {
  return (
    <Table head={['Client', 'Protocol', 'Connection', 'Expires', 'Subscriptions', 'Waiting', 'Dropped', 'Change']}>
      {sessions.map((session) => (
        <tr key={session.key} data-client={session.client}>
          <td class="id">
            <span class="dot" data-connected={session.connected} aria-hidden="true" /> <b>{session.client}</b>
            {session.kind === 'service' && ' (service client)'}
          </td>
          <td>{protocolNames[session.level] ?? `level ${session.level}`}</td>
          <td>
            <Age before={session.connected ? 'connected ' : 'away '} ms={Date.parse(session.since)} />
          </td>
          <td>{expiryOf(session)}</td>
          <td>{formatCount(session.subscriptions)}</td>
          <td>
            {formatCount(session.queued_messages)} ({formatBytes(session.queued_bytes)}), {formatCount(session.in_flight)} in flight
          </td>
          <td>{formatCount(session.dropped)}</td>
          <td class="rule-actions">
            <button type="button" aria-label={`Show the session of ${session.client}`} onClick={() => onAsk({ kind: 'show', session })}>
              Show
            </button>
            <button type="button" aria-label={`End the session of ${session.client}`} onClick={() => onAsk({ kind: 'end', session })}>
              End
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** By the level of CONNECT. */
const protocolNames: Readonly<Record<number, string>> = { 3: 'MQTT 3.1', 4: 'MQTT 3.1.1', 5: 'MQTT 5' };

function expiryOf({ expiry_seconds: seconds }: SessionEntry): string {
  if (seconds === null) return 'never';
  return seconds === 0 ? 'with its connection' : `${formatSpan(seconds * 1000)} after its connection`;
}
