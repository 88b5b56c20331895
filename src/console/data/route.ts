/** Pages whose address names the tenant alone. */
export const plainPages = [
  'groups',
  'import',
  'alerts',
  'topic-rules',
  'codecs',
  'packs',
  'shadow-runs',
  'access',
  'sessions',
  'messages',
  'keys',
] as const;

type PlainPage = (typeof plainPages)[number];
export type PlainRoute = { [Page in PlainPage]: { readonly page: Page; readonly tenant: string } }[PlainPage];

/** Which page the address names. Routes live in the fragment, so the server needs to know none of them. */
export type Route =
  | { readonly page: 'fleet'; readonly tenant: string }
  | { readonly page: 'device'; readonly tenant: string; readonly device: string; readonly metrics: readonly string[] }
  | ({ readonly page: 'dead-letters'; readonly tenant: string } & LetterFilter)
  | PlainRoute
  | ({ readonly page: 'audit'; readonly tenant: string } & AuditFilter)
  /** Payload schemas; with an id, one of them. */
  | { readonly page: 'schemas'; readonly tenant: string; readonly schema?: string }
  /** Messages of a device as they come; without a device, clients that are not let in. */
  | { readonly page: 'debug'; readonly tenant: string; readonly device?: string };

/** Which dead letters are meant; an absent member is any. */
export interface LetterFilter {
  readonly device?: string;
  readonly device_class?: string;
  readonly reason?: string;
}

/** Which entries of the audit log are meant; an absent member is any. */
export interface AuditFilter {
  readonly actor?: string;
  readonly action?: string;
  readonly target?: string;
  /** As a field for a moment has them, in the time zone of the browser. */
  readonly from?: string;
  readonly to?: string;
}

const auditMembers = ['actor', 'action', 'target', 'from', 'to'] as const;

export type DeviceRoute = Extract<Route, { page: 'device' }>;
export type DebugRoute = Extract<Route, { page: 'debug' }>;

export const tenantDefault = 'default';

/** Reads `#/devices/dev-1?tenant=t&metric=a&metric=b`; anything unknown is the fleet. */
export function parseRoute(fragment: string): Route {
  const [path = '', query = ''] = fragment.replace(/^#/, '').split('?', 2);
  const parameters = new URLSearchParams(query);
  const tenant = parameters.get('tenant') || tenantDefault;
  const [, first, second, third] = path.split('/');
  const plain = plainPages.find((page) => page === first);
  if (plain) return { page: plain, tenant };
  if (first === 'debug') return { page: first, tenant };
  if (first === 'schemas') {
    const schema = second ? decoded(second) : '';
    return { page: first, tenant, ...(schema ? { schema } : {}) };
  }
  const named = (name: string, parameter = name) => (parameters.get(parameter) ? { [name]: parameters.get(parameter) as string } : {});
  if (first === 'audit') return { page: first, tenant, ...Object.assign({}, ...auditMembers.map((member) => named(member))) };
  if (first === 'dead-letters') {
    return { page: first, tenant, ...named('device'), ...named('device_class', 'class'), ...named('reason') };
  }
  const device = first === 'devices' && second ? decoded(second) : '';
  if (device && third === 'debug') return { page: 'debug', tenant, device };
  if (device) return { page: 'device', tenant, device, metrics: parameters.getAll('metric') };
  return { page: 'fleet', tenant };
}

export function formatRoute(route: Route): string {
  const query = new URLSearchParams();
  if (route.tenant !== tenantDefault) query.set('tenant', route.tenant);
  if (route.page === 'device') for (const metric of route.metrics) query.append('metric', metric);
  if (route.page === 'audit') for (const member of auditMembers) if (route[member]) query.set(member, route[member]);
  if (route.page === 'dead-letters') {
    if (route.device) query.set('device', route.device);
    if (route.device_class) query.set('class', route.device_class);
    if (route.reason) query.set('reason', route.reason);
  }
  return `#${pathOf(route)}${query.size > 0 ? `?${query}` : ''}`;
}

function pathOf(route: Route): string {
  if (route.page === 'fleet') return '/devices';
  if (route.page === 'device') return `/devices/${encodeURIComponent(route.device)}`;
  if (route.page === 'debug' && route.device !== undefined) return `/devices/${encodeURIComponent(route.device)}/debug`;
  if (route.page === 'schemas' && route.schema !== undefined) return `/schemas/${encodeURIComponent(route.schema)}`;
  return `/${route.page}`;
}

/** A sign-in link is `#key=…` with an optional `&tenant=…`. */
export function parseSignIn(fragment: string): { key: string; tenant: string } | undefined {
  const text = fragment.replace(/^#/, '');
  if (!/^(key|tenant)=/.test(text)) return undefined;
  const parameters = new URLSearchParams(text);
  const key = parameters.get('key');
  return key ? { key, tenant: parameters.get('tenant') || tenantDefault } : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
