import type { Context } from '../data/context.js';
import { formatCount } from '../data/format.js';
import { areaOf, areas, type NavigablePage, navigableOf } from '../data/navigation.js';
import { formatRoute, type Route } from '../data/route.js';
import type { Health } from '../data/status.js';

/** The areas of the console. */
export function Areas({ context, route }: { context: Context; route: Route }) {
  const current = areaOf(route.page);
  return (
    <nav aria-label="Areas">
      {areas.map((area) => (
        <a
          key={area.name}
          href={hrefOf(area.pages[0]![0], route.tenant)}
          aria-current={area !== current ? undefined : area.pages.length > 1 ? 'true' : 'page'}
        >
          {area.name}
          {area.pages[0]![0] === 'dead-letters' && <DeadCount health={context.status.health.value} />}
        </a>
      ))}
    </nav>
  );
}

/** The pages of the area that is open; nothing where there is only one. */
export function AreaPages({ route }: { route: Route }) {
  const { name, pages } = areaOf(route.page);
  if (pages.length < 2) return null;
  const current = navigableOf(route.page);
  return (
    <nav class="area-pages" aria-label={`Pages of ${name}`}>
      {pages.map(([page, title]) => (
        <a key={page} href={hrefOf(page, route.tenant)} aria-current={page === current ? 'page' : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

function hrefOf(page: NavigablePage, tenant: string): string {
  return formatRoute({ page, tenant });
}

/** How many there are since the appliance started; nothing where there are none. */
function DeadCount({ health: { stats } }: { health: Health }) {
  const dead = stats ? stats.counters.dead + stats.counters.rowsRefused : 0;
  return dead > 0 ? (
    <span class="count" title="Since the appliance started">
      {formatCount(dead)}
    </span>
  ) : null;
}
