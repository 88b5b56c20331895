import { json } from './exchange.js';
import { describeRoutes } from './openapi.js';
import type { Route } from './router.js';

/** These routes and the one that describes them; it needs no key, as a client is built from it. */
export function withOpenApi(routes: readonly Route[], version: string): Route[] {
  let document: object | undefined;
  const all: Route[] = [
    ...routes,
    {
      method: 'GET',
      pattern: '/v1/openapi.json',
      doc: { summary: 'This description', auth: 'nothing', answers: { 200: 'document' }, codes: [] },
      handle: () => {
        document ??= describeRoutes(all, version);
        return json(200, document);
      },
    },
  ];
  return all;
}
