/** What is at the paths, in the link format of RFC 6690. Braces stand for a device's id. */
const LINKS: readonly { readonly path: string; readonly attributes: Readonly<Record<string, string>> }[] = [
  { path: '/.well-known/core', attributes: { ct: '40' } },
  { path: '/devices/{id}/telemetry', attributes: { rt: 'spillway.telemetry', ct: '50 60 110 112' } },
  { path: '/v1/ingest/{id}', attributes: { rt: 'spillway.telemetry', ct: '50 60 110 112' } },
];

/** The links that the queries leave: `href=`, `rt=`, `ct=`, with `*` for any end (RFC 6690 §4.1). Other queries leave none. */
export function linksFor(queries: readonly string[]): string {
  const left = LINKS.filter(({ path, attributes }) => queries.every((query) => matches(query, path, attributes)));
  return left
    .map(
      ({ path, attributes }) =>
        `<${path}>${Object.entries(attributes)
          .map(([name, value]) => `;${name}="${value}"`)
          .join('')}`,
    )
    .join(',');
}

function matches(query: string, path: string, attributes: Readonly<Record<string, string>>): boolean {
  const equals = query.indexOf('=');
  const name = query.slice(0, equals);
  const wanted = query.slice(equals + 1);
  // Attributes with several values are lists of words.
  const values = name === 'href' ? [path] : (attributes[name]?.split(' ') ?? []);
  return values.some((value) => (wanted.endsWith('*') ? value.startsWith(wanted.slice(0, -1)) : value === wanted));
}
