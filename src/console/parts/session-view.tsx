import { useEffect, useState } from 'preact/hooks';
import type { Answer, Session } from '../data/answer.js';
import { refusalText } from '../data/refusal.js';
import type { SessionEntry, SessionPages } from '../data/sessions.js';
import { Dialog } from './dialog.js';
import { Facts } from './facts.js';
import { Table } from './table.js';

interface SessionViewProps {
  readonly model: SessionPages;
  readonly session: SessionEntry;
  readonly onClose: () => void;
}

/** One session with its subscriptions. */
export function SessionView({ model, session, onClose }: SessionViewProps) {
  const [answer, setAnswer] = useState<Answer<Session>>();
  useEffect(() => {
    void model.read(session.key).then(setAnswer);
  }, []);
  const title = `Session of ${session.client}`;
  return (
    <Dialog label={title} onClose={onClose}>
      {(close) => (
        <section>
          <h2>{title}</h2>
          <p class="refusal" role="alert">
            {answer && !answer.ok ? refusalText(answer.refusal) : ''}
          </p>
          {answer?.ok && <Subscriptions session={answer.value} />}
          <div class="actions">
            <button type="button" class="primary" onClick={close}>
              Close
            </button>
          </div>
        </section>
      )}
    </Dialog>
  );
}

function Subscriptions({ session: { key, will, filters } }: { session: Session }) {
  return (
    <>
      <Facts
        facts={[
          ['Key', key],
          ['Will', will ? 'published when its connection breaks' : 'none'],
        ]}
      />
      {filters.length === 0 ? (
        <p>It subscribes to nothing.</p>
      ) : (
        <Table head={['Topics', 'QoS']}>
          {filters.map(({ filter, qos }) => (
            <tr key={filter}>
              <td class="id">
                <code>{filter}</code>
              </td>
              <td>{qos}</td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}
