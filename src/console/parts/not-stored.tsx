import type { Ledger } from '../data/answer.js';
import { formatCount } from '../data/format.js';
import { reasonOf } from '../data/reasons.js';
import { type DeviceRoute, formatRoute } from '../data/route.js';
import { EmptyState } from './empty-state.js';
import { Facts } from './facts.js';

/** For a device whose messages arrived and none could be stored: the messages, the reason, and where to look. */
export function NotStored({ ledger, route }: { ledger: Ledger; route: DeviceRoute }) {
  const { dead, rejected } = ledger;
  return (
    <EmptyState title="Nothing could be stored">
      <p>
        {formatCount(dead + rejected)} messages of this device arrived, and none of them could be stored. It shows up here as soon as one
        can.
      </p>
      {dead > 0 && (
        <>
          <p>
            {formatCount(dead)} could not be read. They are kept under{' '}
            <a href={formatRoute({ page: 'dead-letters', tenant: route.tenant, device: route.device })}>Dead letters</a>:
          </p>
          <Reasons counts={ledger.dead_by_reason} />
        </>
      )}
      {rejected > 0 && (
        <>
          <p>{formatCount(rejected)} were refused before they were taken in, and are not kept:</p>
          <Reasons counts={ledger.rejected_by_reason} />
        </>
      )}
    </EmptyState>
  );
}

function Reasons({ counts }: { counts: Readonly<Record<string, number>> }) {
  return (
    <Facts
      facts={Object.entries(counts).map(([name, count]) => {
        const reason = reasonOf(name);
        return [`${formatCount(count)} × ${name}`, reason ? `${reason.cause}; ${reason.wayOut}` : ''];
      })}
    />
  );
}
