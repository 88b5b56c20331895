import type { Route } from './route.js';

/** A page that the navigation leads to. */
export type NavigablePage = Exclude<Route['page'], 'device' | 'debug'>;

interface Area {
  readonly name: string;
  /** Pages with their names, the one that the area opens with first. */
  readonly pages: readonly (readonly [page: NavigablePage, name: string])[];
}

/** The navigation: areas, and the pages of each. */
export const areas: readonly Area[] = [
  {
    name: 'Devices',
    pages: [
      ['fleet', 'Devices'],
      ['groups', 'Groups'],
      ['import', 'Import and export'],
    ],
  },
  { name: 'Dead letters', pages: [['dead-letters', 'Dead letters']] },
  {
    name: 'Decoding',
    pages: [
      ['topic-rules', 'Topic rules'],
      ['schemas', 'Schemas'],
      ['codecs', 'Codecs'],
      ['packs', 'Device packs'],
      ['shadow-runs', 'Shadow runs'],
    ],
  },
  {
    name: 'MQTT',
    pages: [
      ['sessions', 'Sessions'],
      ['messages', 'Messages'],
      ['access', 'Access'],
    ],
  },
  { name: 'Alerts', pages: [['alerts', 'Alerts']] },
  {
    name: 'Operators',
    pages: [
      ['keys', 'Keys'],
      ['audit', 'Audit log'],
    ],
  },
];

/** The page of the navigation that a page belongs to. */
export function navigableOf(page: Route['page']): NavigablePage {
  return page === 'device' || page === 'debug' ? 'fleet' : page;
}

export function areaOf(page: Route['page']): Area {
  const named = navigableOf(page);
  return areas.find(({ pages }) => pages.some(([one]) => one === named))!;
}

export function nameOf(page: NavigablePage): string {
  return areaOf(page).pages.find(([one]) => one === page)![1];
}
