import { z } from 'zod';
import { failureAnswer } from '../contract/answers/shared.js';
import { type ApiCode, apiErrors } from '../contract/api-errors.js';
import { isOperatorsCall } from './rights.js';
import type { RouteDoc } from './route-doc.js';
import type { Route } from './router.js';

/** What any call may be answered with. */
const CODES_OF_ALL: readonly ApiCode[] = ['path_malformed', 'internal', 'database_unavailable', 'shutting_down'];
const CODES_OF_ADMIN: readonly ApiCode[] = ['admin_key_invalid', 'role_insufficient', 'scope_forbidden'];
const CODES_OF_BODY: readonly ApiCode[] = ['body_malformed', 'body_invalid', 'body_oversize', 'encoding_unsupported'];

type Json = Record<string, unknown>;

/** The routes of this process as an OpenAPI 3.1 document. */
export function describeRoutes(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.pattern.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Spillway',
      version,
      description:
        'Calls of a process with all roles; a process with fewer answers fewer. Every refusal is a Failure with a code of its own.',
    },
    paths,
    components: {
      schemas: { Failure: schemaOf(failureAnswer, 'output') },
      securitySchemes: {
        admin: { type: 'http', scheme: 'bearer', description: 'A key of an operator, of at least the role that the call names.' },
        device: { type: 'http', scheme: 'bearer', description: "The device's token." },
      },
    },
  };
}

/** With the role that the key needs. */
function securityOf({ auth }: RouteDoc): Json[] {
  if (auth === 'nothing') return [];
  return isOperatorsCall({ auth }) ? [{ admin: [auth] }] : [{ [auth]: [] }];
}

function operationOf({ pattern, doc, body }: Route): Json {
  const { summary, query, request } = doc;
  return {
    summary,
    security: securityOf(doc),
    parameters: [...pathParameters(pattern), ...(query ? queryParameters(query) : [])],
    ...(request === undefined ? {} : { requestBody: requestBody(request, body?.types) }),
    responses: { ...answersOf(doc), ...failuresOf(codesOf(doc)) },
  };
}

function pathParameters(pattern: string): Json[] {
  return [...pattern.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
}

function queryParameters(query: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = schemaOf(query, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: required.includes(name), schema }));
}

function requestBody(request: z.ZodType | 'any', types: readonly string[] = ['application/json']): Json {
  const schema = request === 'any' ? {} : schemaOf(request, 'input');
  const isRequired = request === 'any' || !request.safeParse({}).success;
  return { required: isRequired, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

function answersOf({ answers }: RouteDoc): Json {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => {
      if (answer === 'text') return [status, { description: 'Text.', content: { 'text/plain': { schema: { type: 'string' } } } }];
      const schema = answer === 'document' ? { type: 'object' } : schemaOf(answer, 'output');
      return [status, { description: 'The answer.', content: { 'application/json': { schema } } }];
    }),
  );
}

function codesOf({ auth, request, query, codes }: RouteDoc): ApiCode[] {
  const ofRequest = request === undefined || request === 'any' ? [] : CODES_OF_BODY;
  const ofQuery: readonly ApiCode[] = query ? ['query_invalid'] : [];
  return [...new Set([...CODES_OF_ALL, ...(isOperatorsCall({ auth }) ? CODES_OF_ADMIN : []), ...ofRequest, ...ofQuery, ...codes])];
}

/** Refusals by status; the codes that one may carry stand in its description. */
function failuresOf(codes: readonly ApiCode[]): Json {
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const { status, cause } = apiErrors.get(code)!;
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${cause}`]);
  }
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } };
  return Object.fromEntries([...byStatus].map(([status, lines]) => [status, { description: lines.join('\n\n'), content }]));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
