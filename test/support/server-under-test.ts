import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeParts, makeParts, openParts, routesOf } from '../../src/app/parts.js';
import { loadConfig } from '../../src/config/config.js';
import type { Role } from '../../src/config/settings/process.js';
import { failureAnswer } from '../../src/contract/answers/shared.js';
import type { DeviceEntry } from '../../src/contract/devices.js';
import { SecretBox } from '../../src/contract/secret-box.js';
import type { Alerts } from '../../src/control/alerts/alerts.js';
import { Codecs } from '../../src/control/codecs/codecs.js';
import { Identities } from '../../src/control/identity/identities.js';
import { AdminKeys } from '../../src/control/keys/admin-keys.js';
import type { Ledger } from '../../src/control/ledger/ledger.js';
import { LiveViews } from '../../src/control/live/live-views.js';
import { MetricNames } from '../../src/control/metrics/metric-names.js';
import { Registry } from '../../src/control/registry/registry.js';
import { Schemas } from '../../src/control/schemas/schemas.js';
import { TimeZones } from '../../src/control/time-zones/time-zones.js';
import { TopicRules } from '../../src/control/topic-rules/topic-rules.js';
import type { ConnectionRules } from '../../src/http/connection-limits.js';
import { withOpenApi } from '../../src/http/openapi-route.js';
import { RequestMetrics } from '../../src/http/request-metrics.js';
import { Router } from '../../src/http/router.js';
import { type HttpOptions, startHttp } from '../../src/http/server.js';
import { createLog } from '../../src/telemetry/log.js';
import { type ControlledDatabase, openDatabase } from './database.js';
import { PlaneDouble } from './plane-double.js';

/** Seals the secrets of tests. */
export const TEST_BOX = new SecretBox(Buffer.alloc(32, 7));
export const ADMIN_KEY = 'spk_test-key';
/** Of devices whose token does not matter. */
export const TOKEN = 'token-of-a-device';

export interface ServerUnderTest extends Pick<HttpOptions, 'connections' | 'routes' | 'sockets' | 'metrics'> {
  readonly plane: PlaneDouble;
  readonly registry: Registry;
  readonly metricNames: MetricNames;
  readonly keys: AdminKeys;
  readonly ledger: Ledger;
  readonly alerts: Alerts;
  readonly database: ControlledDatabase;
  readonly port: number;
  readonly url: string;
  /** Lines of the server's log. */
  readonly logged: string[];
  /** Sends a request with the admin key, unless another header says otherwise, and reads the answer. */
  call(method: string, path: string, options?: CallOptions): Promise<Called>;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
}

export interface Called {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: an answer has whatever shape the test then checks.
  readonly body: any;
  readonly text: string;
}

export interface ServerSettings {
  readonly devicesMax?: number;
  readonly consoleFolder?: string;
  readonly roles?: ReadonlySet<Role>;
  /** Stopped with the server; by default one that shares its own server with others. */
  readonly database?: ControlledDatabase;
}

/** The control plane and the HTTP server over a real database and a data plane in memory. */
export async function startServerUnderTest(settings: ServerSettings = {}): Promise<ServerUnderTest> {
  const database = settings.database ?? (await openDatabase());
  const plane = new PlaneDouble();
  const { control } = database;
  const devicesMax = settings.devicesMax === undefined ? {} : { devicesMax: settings.devicesMax };
  const publish = (entries: readonly DeviceEntry[]) => plane.publishDevices(entries);
  const retract = (numbers: readonly number[]) => plane.deleteDevices(numbers);
  const codecs = new Codecs(control);
  const schemas = await Schemas.load({ database: control, codecs, event: () => {} });
  const bySchema = { schemaOf: schemas.numberOf.bind(schemas), publishSchemas: plane.publishSchemas.bind(plane) };
  const identities = await Identities.load({
    database: control,
    box: TEST_BOX,
    publish: plane.publishIdentity.bind(plane),
    event: () => {},
  });
  const timeZones = await TimeZones.load(control);
  const registry = await Registry.load({
    database: control,
    publish,
    retract,
    ...bySchema,
    timeZones,
    proofs: identities.proofs,
    ...devicesMax,
  });
  schemas.assign = (tenant) => registry.assignSchemas(tenant);
  timeZones.assign = (tenant) => registry.assignSchemas(tenant);
  const [metricNames, keys] = await Promise.all([MetricNames.load(control), AdminKeys.load(control)]);
  const topicRules = await TopicRules.load({ database: control, publish: plane.setTopicRules.bind(plane), event: () => {} });
  await keys.ensure(ADMIN_KEY, 'first');
  const keeper = { read: () => undefined, write: () => {} };
  const { parts, exposition, live, sockets, changed, ledger, alerts } = makeParts({
    plane,
    database: control,
    registry,
    metricNames,
    keys,
    topicRules,
    identities,
    letters: { limits: loadConfig({ env: {} }).letters },
    schemas,
    timeZones,
    codecs,
    alerts: { keeper, node: 'host-1', port: undefined, format: 'json' },
    topics: [],
    auditDays: 365,
    event: () => {},
  });
  await openParts(parts);
  const routes = routesOf(parts, settings.roles ?? new Set<Role>(['gateway', 'pipeline', 'control']));
  const served = { routes, metrics: new RequestMetrics(exposition.registry) };
  const connections: ConnectionRules = { connectionsMax: 1000, unauthenticatedMax: 500 };
  const logged: string[] = [];
  const log = createLog('debug', { write: (line) => void logged.push(line) });
  const empty = mkdtempSync(join(tmpdir(), 'spillway-console-'));
  const server = await startHttp({
    ...served,
    sockets,
    changed,
    connections,
    bind: '127.0.0.1',
    port: 0,
    log,
    consoleFolder: settings.consoleFolder ?? empty,
  });
  const url = `http://127.0.0.1:${server.port}`;
  const router = new Router(withOpenApi(routes, '1'));
  return {
    ...served,
    // A second server has live views of its own: closing one ends them.
    get sockets() {
      return new LiveViews({ live, registry, keys });
    },
    connections,
    plane,
    registry,
    metricNames,
    keys,
    ledger,
    alerts,
    database,
    port: server.port,
    url,
    logged,
    call: async (method, path, options) => {
      const answer = await call(url, method, path, options);
      assertDescribed(router, method, path, answer);
      return answer;
    },
    close: async () => {
      await server.close();
      await closeParts(parts);
      rmSync(empty, { recursive: true });
      await database.stop();
    },
  };
}

/** Every answer of every test is as its route says. */
function assertDescribed(router: Router, method: string, path: string, { status, body }: Called): void {
  if (method === 'HEAD' || body === undefined) return;
  const match = router.match(method, new URL(path, 'http://localhost').pathname);
  if (match.kind !== 'route') return;
  const { pattern, doc } = match.route;
  const answer = doc.answers[status] ?? failureAnswer;
  if (typeof answer === 'string') return;
  const { success, error } = answer.safeParse(body);
  assert.ok(success, `${method} ${pattern} ${status} is not as it is described: ${error}`);
}

async function call(url: string, method: string, path: string, { body, raw, headers }: CallOptions = {}): Promise<Called> {
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
    ...(content === undefined ? {} : { body: content }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true && text !== '';
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}
