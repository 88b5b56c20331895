import { useEffect, useState } from 'preact/hooks';
import type { Context } from '../data/context.js';
import type { PlainRoute } from '../data/route.js';
import { type ShadowDraft, shadowDraft } from '../data/shadow-draft.js';
import { ShadowRunList } from '../data/shadow-runs.js';
import { EmptyState } from '../parts/empty-state.js';
import { Notice } from '../parts/notice.js';
import { ShadowRunAdd } from '../parts/shadow-run-add.js';
import { ShadowRunView } from '../parts/shadow-run-view.js';
import { useModel } from '../parts/use-model.js';

const blank: ShadowDraft = { deviceClass: '', firmware: '*', format: 'json', definition: '{"fields": {}}', isMajor: false };

/** A schema version beside the one that is active, over messages that came: what would change, before it does. */
export function ShadowRunsPage({ context, route }: { context: Context; route: PlainRoute }) {
  const model = useModel(() => new ShadowRunList(context, route.tenant));
  const [draft, setDraft] = useState(() => shadowDraft.peek());
  useEffect(() => {
    shadowDraft.value = undefined;
  }, []);
  const runs = model.runs.value;
  return (
    <main id="content">
      <div class="page-head">
        <h1 tabIndex={-1}>Shadow runs</h1>
        <span class="position" role="status">
          {runs ? `Of tenant ${route.tenant}` : model.refusal.value ? '' : 'Loading shadow runs …'}
        </span>
        <button type="button" class="primary" onClick={() => setDraft(blank)}>
          Start shadow run
        </button>
      </div>
      <p class="lead">
        A shadow run decodes messages of the log twice, as they are read now and by a schema version that is not made yet, and shows what
        would change. It stores nothing.
      </p>
      <Notice refusal={model.refusal.value} live={context.live} />
      {runs?.map((run) => (
        <ShadowRunView key={run.id} model={model} run={run} />
      ))}
      {runs?.length === 0 && (
        <EmptyState title="No shadow runs">
          <p>Start one here, or from the next version of a schema. They are kept until this process ends.</p>
        </EmptyState>
      )}
      {draft && <ShadowRunAdd model={model} draft={draft} onClose={() => setDraft(undefined)} />}
    </main>
  );
}
