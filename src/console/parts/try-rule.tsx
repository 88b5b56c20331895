import { formatRoute, tenantDefault } from '../data/route.js';
import { type TrialDraft, trialDraft } from '../data/trial-draft.js';

/** A link that opens the trial of topic rules with this message in it. */
export function TryRule({ draft, tenant }: { draft: TrialDraft; tenant: string | null }) {
  return (
    <p>
      <a
        href={formatRoute({ page: 'topic-rules', tenant: tenant ?? tenantDefault })}
        onClick={() => {
          trialDraft.value = draft;
        }}
      >
        Try topic rules on this message
      </a>
    </p>
  );
}
