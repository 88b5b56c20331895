import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { ConfigError, loadConfig, readConfig } from '../../src/config/config.js';
import { variableOf } from '../../src/config/setting.js';
import { proxiesOf } from '../../src/config/settings/listen.js';
import { rolesOf } from '../../src/config/settings/process.js';
import { settings } from '../../src/config/table.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function problemsOf(env: Record<string, string>, file?: unknown): readonly string[] {
  if (file !== undefined) writeFileSync(join(folder, 'spillway.json'), typeof file === 'string' ? file : JSON.stringify(file));
  return readConfig({ env, folder }).problems;
}

test('nothing set gives the documented defaults, frozen', () => {
  const config = loadConfig({ env: {}, folder });
  assert.deepEqual(config, {
    process: {
      stateFolder: join(folder, '.spillway'),
      adminKey: undefined,
      secretsKey: undefined,
      roles: 'gateway,pipeline,control',
      nodeName: undefined,
      stopSeconds: 15,
      logLevel: 'info',
    },
    identity: { tlsClientAuth: 'required', tlsClientCrl: undefined, tlsClientNames: undefined },
    listen: {
      bind: '127.0.0.1',
      mqttPort: 1883,
      mqttsPort: undefined,
      mqttWsPort: undefined,
      mqttWssPort: undefined,
      coapPort: undefined,
      coapsPort: undefined,
      proxyFrom: undefined,
      mqttRefusedPublish: 'keep',
      mqttKeepAliveMax: 3600,
      tlsCert: undefined,
      tlsKey: undefined,
      tlsClientCa: undefined,
      httpPort: 8080,
      httpsPort: undefined,
      httpPlain: 'on',
      httpServer: 'node',
      httpConnections: 2000,
      unauthenticatedPerAddress: 1000,
      gateways: 1,
      reactor: 'auto',
    },
    store: { databaseUrl: undefined, batchAgeMsMax: 200, kind: 'database' },
    limits: { deviceRate: 100, deviceExcessSeconds: 30, tenantRate: 0, tenantKibPerSecond: 0 },
    mqtt: {
      acrossProcesses: 'off',
      sessionsMax: 1_000_000,
      sessionHours: 720,
      subscriptionsMax: 100,
      queueMessages: 1000,
      queueKib: 4096,
      queueTenantMib: 1024,
      inFlightMax: 100,
      retainedMax: 100_000,
      retainedMib: 256,
    },
    letters: { daysMax: 90, lettersMax: 10_000_000, mibMax: 10_240, tenantLettersMax: 2_000_000, tenantMibMax: 2048 },
    metrics: { tenantMax: 32_768, classMax: 16_384, deviceMax: 4096 },
    audit: { days: 365 },
    log: { kind: 'file', partitions: 4, retentionHours: 24, retentionGib: 64, backlogMib: 16_384 },
    kafka: {
      brokers: undefined,
      topicPrefix: undefined,
      replicationFactor: undefined,
      sessionSeconds: 10,
      topics: undefined,
      format: 'json',
      tenantTopics: 'off',
      security: 'plaintext',
      ca: undefined,
      cert: undefined,
      key: undefined,
      saslMechanism: 'SCRAM-SHA-512',
      saslUsername: undefined,
      saslPassword: undefined,
    },
    checkpoints: {
      folder: undefined,
      store: undefined,
      storeEndpoint: undefined,
      storeRegion: 'us-east-1',
      storeAccessKeyId: undefined,
      storeSecretAccessKey: undefined,
      seconds: 10,
    },
  });
  assert.ok([config, ...Object.values(config)].every((part) => Object.isFrozen(part)));
});

test('the environment wins over the file, the file over the default, and an empty variable is not set', () => {
  writeFileSync(join(folder, 'spillway.json'), JSON.stringify({ http_port: 9000, mqtt_port: 9001, partitions: 8 }));
  const reading = readConfig({ env: { SPILLWAY_HTTP_PORT: '0', SPILLWAY_PARTITIONS: '' }, folder });
  assert.deepEqual(reading.problems, []);
  assert.equal(reading.config?.listen.httpPort, 0);
  assert.equal(reading.config?.listen.mqttPort, 9001);
  assert.equal(reading.config?.log.partitions, 8);
  const sources = Object.fromEntries(reading.effective.map(({ name, source }) => [name, source]));
  assert.equal(sources.http_port, 'environment');
  assert.equal(sources.mqtt_port, 'file');
  assert.equal(sources.batch_age_ms, 'default');
});

test('a file named by argument or SPILLWAY_CONFIG is read, and its paths start at its own folder', () => {
  const path = join(folder, 'other.json');
  writeFileSync(path, JSON.stringify({ state: 'state' }));
  assert.equal(loadConfig({ env: {}, file: path, folder: tmpdir() }).process.stateFolder, join(folder, 'state'));
  assert.equal(loadConfig({ env: { SPILLWAY_CONFIG: 'other.json' }, folder }).process.stateFolder, join(folder, 'state'));
  assert.match(
    readConfig({ env: {}, file: join(folder, 'gone.json'), folder }).problems[0] ?? '',
    /^cannot read config file .*gone\.json: ENOENT/,
  );
});

test('a bad value names its key, the value, the cause and what is allowed; all problems come at once', () => {
  const problems = problemsOf(
    { SPILLWAY_MQTT_PORT: '70000', SPILLWAY_PARTITIONS: '2.5', SPILLWAY_LOG_LEVEL: 'loud', SPILLWAY_BIND: 'not an address' },
    { http_port: '8080', log_retention_hours: 0 },
  );
  assert.equal(problems.length, 6);
  const joined = problems.join('\n');
  assert.match(
    joined,
    /^cannot use SPILLWAY_MQTT_PORT = 70000: it must be at most 65535; allowed: an integer from 0 \(any free port\) to 65535$/m,
  );
  assert.match(joined, /^cannot use SPILLWAY_PARTITIONS = 2\.5: it must be an integer; allowed: an integer from 1 to 64$/m);
  assert.match(joined, /^cannot use SPILLWAY_LOG_LEVEL = "loud": it must be one of fatal, /m);
  assert.match(joined, /^cannot use http_port of .*spillway\.json = "8080": it must be an integer/m);
  assert.match(joined, /^cannot use log_retention_hours of .* = 0: it must be at least 1/m);
  assert.match(joined, /^cannot use SPILLWAY_BIND = "not an address": it must be an address/m);
});

test('the HTTP server is one of three names', () => {
  for (const server of ['node', 'uws', 'auto']) {
    assert.equal(loadConfig({ env: { SPILLWAY_HTTP_SERVER: server }, folder }).listen.httpServer, server);
  }
  assert.match(problemsOf({ SPILLWAY_HTTP_SERVER: 'apache' })[0] ?? '', /it must be one of node, uws, auto; allowed: node, uws or auto$/);
});

test('a node has the name that is given, in one word', () => {
  assert.equal(loadConfig({ env: { SPILLWAY_NODE_NAME: 'plant-7/edge-1' }, folder }).process.nodeName, 'plant-7/edge-1');
  assert.match(problemsOf({ SPILLWAY_NODE_NAME: 'edge 1' })[0] ?? '', /SPILLWAY_NODE_NAME.*printable ASCII without spaces/);
});

test('unknown keys and variables are refused with the nearest name', () => {
  const problems = problemsOf({ SPILLWAY_HTPP_PORT: '1', SPILLWAY_XYZZY: '1', PATH: '/bin' }, { htp_port: 1 });
  assert.match(problems[0] ?? '', /^cannot use key htp_port of .*: there is no such setting; did you mean http_port\?$/);
  assert.equal(problems[1], 'cannot use variable SPILLWAY_HTPP_PORT: there is no such setting; did you mean SPILLWAY_HTTP_PORT?');
  assert.match(
    problems[2] ?? '',
    /^cannot use variable SPILLWAY_XYZZY: there is no such setting; the nearest are SPILLWAY_\w+, SPILLWAY_\w+, SPILLWAY_\w+; npx /,
  );
  assert.equal(problems.length, 3);
  assert.deepEqual(
    problemsOf({ SPILLWAY_PORT: 'tcp://10.0.0.1:80', SPILLWAY_SERVICE_HOST: '10.0.0.1', SPILLWAY_BROWSER_REQUIRED: '1' }, {}),
    [],
  );
});

test('a file that is no JSON object, a foreign database and equal ports are refused', () => {
  assert.match(problemsOf({}, '{')[0] ?? '', /^cannot read config file /);
  assert.match(problemsOf({}, '[]')[0] ?? '', /it holds no JSON object/);
  assert.match(problemsOf({ SPILLWAY_DATABASE_URL: 'mysql://x/y' }, {})[0] ?? '', /it must be a PostgreSQL URL/);
  assert.match(problemsOf({ SPILLWAY_HTTP_PORT: '1883' })[0] ?? '', /is also the mqtt_port/);
  assert.deepEqual(problemsOf({ SPILLWAY_HTTP_PORT: '0', SPILLWAY_MQTT_PORT: '0' }), []);
});

test('TLS takes a port, a certificate and a key, each a file that can be read', () => {
  const pem = join(folder, 'some.pem');
  writeFileSync(pem, 'not looked into here');
  const all = { SPILLWAY_MQTTS_PORT: '8883', SPILLWAY_TLS_CERT: 'some.pem', SPILLWAY_TLS_KEY: pem };
  const { SPILLWAY_MQTTS_PORT: _, ...withoutPort } = all;
  const { config, problems } = readConfig({ env: all, folder });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    [config?.listen.mqttsPort, config?.listen.tlsCert, config?.listen.tlsKey, config?.listen.tlsClientCa],
    [8883, pem, pem, undefined],
  );
  const without = (name: string) => problemsOf(Object.fromEntries(Object.entries(all).filter(([key]) => key !== name)));
  assert.match(without('SPILLWAY_TLS_KEY').join(), /^cannot use setting tls_cert without tls_key; allowed: /);
  assert.match(
    without('SPILLWAY_TLS_CERT').join(),
    /^cannot use setting mqtts_port without tls_cert.*cannot use setting tls_key without tls_cert/,
  );
  assert.match(without('SPILLWAY_MQTTS_PORT').join(), /^cannot use setting tls_cert without mqtts_port, mqtt_wss_port, https_port/);
  assert.match(problemsOf({ ...all, SPILLWAY_TLS_KEY: 'gone.pem' }).join(), /^cannot use setting tls_key = ".*gone\.pem": ENOENT/);
  assert.match(problemsOf({ SPILLWAY_TLS_CLIENT_CA: pem }).join(), /^cannot use setting tls_client_ca without tls_cert/);
  const named = { ...all, SPILLWAY_TLS_CLIENT_CA: pem, SPILLWAY_TLS_CLIENT_NAMES: 'cn:{device}' };
  assert.deepEqual(problemsOf(named), []);
  assert.match(
    problemsOf({ ...named, SPILLWAY_TLS_CLIENT_AUTH: 'any' }).join(),
    /^cannot use setting tls_client_names without tls_client_ca, or/,
  );
  assert.match(problemsOf({ ...all, SPILLWAY_TLS_CLIENT_NAMES: 'cn:{id}' }).join(), /^cannot use SPILLWAY_TLS_CLIENT_NAMES = "cn:\{id\}"/);
  assert.match(problemsOf({ SPILLWAY_TLS_CLIENT_AUTH: 'any' }).join(), /^cannot use setting tls_client_auth without tls_cert/);
  assert.match(problemsOf({ ...all, SPILLWAY_MQTTS_PORT: '1883' }).join(), /1883 is also the mqtt_port/);
  assert.deepEqual(problemsOf({ ...withoutPort, SPILLWAY_MQTT_WSS_PORT: '8884' }), []);
  assert.deepEqual(problemsOf({ ...withoutPort, SPILLWAY_HTTPS_PORT: '8443', SPILLWAY_HTTP_PLAIN: 'loopback' }), []);
  assert.match(
    problemsOf({ ...all, SPILLWAY_HTTP_PLAIN: 'loopback' }).join(),
    /^cannot use setting http_plain = loopback without https_port/,
  );
  assert.match(
    problemsOf({ ...all, SPILLWAY_MQTTS_PORT: 'many' }).join(),
    /^cannot use SPILLWAY_MQTTS_PORT = "many": it must be an integer/,
  );
});

test('proxies are listed by address and by range, and no word of the list may be anything else', () => {
  const { config, problems } = readConfig({ env: { SPILLWAY_PROXY_FROM: '10.0.0.5,192.0.2.0/24,2001:db8::/32' }, folder });
  assert.deepEqual(problems, []);
  assert.deepEqual(config && proxiesOf(config.listen), ['10.0.0.5', '192.0.2.0/24', '2001:db8::/32']);
  for (const wrong of ['10.0.0.0/33', 'proxy.example.com', '10.0.0.0/8,', '::/129', '10.0.0.0/8/8', '10.0.0.1 ']) {
    assert.match(problemsOf({ SPILLWAY_PROXY_FROM: wrong }).join(), /^cannot use SPILLWAY_PROXY_FROM = /, wrong);
  }
});

test('secrets are masked wherever they are shown', () => {
  const env = { SPILLWAY_ADMIN_KEY: 'sesame', SPILLWAY_DATABASE_URL: 'postgres://me:p%40ss@host:1/db?password=other' };
  const shown = JSON.stringify(readConfig({ env, folder }).effective);
  assert.doesNotMatch(shown, /sesame|p%40ss|other/);
  assert.match(shown, /host:1/);
  assert.doesNotMatch(problemsOf({ SPILLWAY_ADMIN_KEY: 'open sesame' }).join(), /sesame/);
});

test('loadConfig throws every problem; every setting has a variable of its own', () => {
  assert.throws(
    () => loadConfig({ env: { SPILLWAY_PARTITIONS: '0', SPILLWAY_STORE: 'disk' }, folder }),
    (error: unknown) => error instanceof ConfigError && error.problems.length === 2,
  );
  assert.equal(new Set(settings.map(({ name }) => variableOf(name))).size, settings.length);
});

test('settings of the Kafka log go together, and its password is masked', () => {
  const kafka = { SPILLWAY_LOG: 'kafka', SPILLWAY_KAFKA_BROKERS: 'a:9092,b.example:9093' };
  assert.deepEqual(problemsOf({ ...kafka, SPILLWAY_KAFKA_REPLICATION_FACTOR: '3', SPILLWAY_KAFKA_TOPIC_PREFIX: 'plant-1.' }, {}), []);
  assert.match(problemsOf({ SPILLWAY_LOG: 'kafka' }, {})[0] ?? '', /log = kafka without kafka_brokers/);
  assert.match(problemsOf({ SPILLWAY_KAFKA_BROKERS: 'a:9092' }, {})[0] ?? '', /kafka_brokers without log = kafka/);
  assert.match(problemsOf({ ...kafka, SPILLWAY_KAFKA_BROKERS: 'a' }, {})[0] ?? '', /it must be a list of host:port/);
  assert.match(problemsOf({ ...kafka, SPILLWAY_KAFKA_TOPIC_PREFIX: 'a/b' }, {})[0] ?? '', /a character that topics may not have/);
  assert.match(problemsOf({ SPILLWAY_KAFKA_TOPICS: 'dead-letters' }, {})[0] ?? '', /kafka_topics without log = kafka/);
  assert.match(problemsOf({ SPILLWAY_MQTT_ACROSS_PROCESSES: 'on' }, {})[0] ?? '', /mqtt_across_processes = on without log = kafka/);
  assert.match(problemsOf({ ...kafka, SPILLWAY_KAFKA_TOPICS: 'alerts,telemetry' }, {})[0] ?? '', /allowed: alerts, dead-letters/);
  const both = { ...kafka, SPILLWAY_KAFKA_TOPICS: 'telemetry.normalized,dead-letters,alerts' };
  assert.deepEqual(problemsOf({ ...both, SPILLWAY_KAFKA_FORMAT: 'protobuf', SPILLWAY_KAFKA_TENANT_TOPICS: 'on' }, {}), []);
  assert.match(problemsOf({ ...kafka, SPILLWAY_KAFKA_FORMAT: 'protobuf' }, {})[0] ?? '', /protobuf without kafka_topics/);
  assert.match(problemsOf({ ...kafka, SPILLWAY_KAFKA_TENANT_TOPICS: 'on' }, {})[0] ?? '', /tenant_topics = on without kafka_topics/);
  const long = { ...both, SPILLWAY_KAFKA_TENANT_TOPICS: 'on', SPILLWAY_KAFKA_TOPIC_PREFIX: 'a'.repeat(121) };
  assert.match(problemsOf(long, {})[0] ?? '', /kafka_topic_prefix: .* allowed: 120 characters/);
  assert.equal(problemsOf({ ...kafka, SPILLWAY_KAFKA_SECURITY: 'sasl_ssl' }, {}).length, 2);
  assert.match(problemsOf({ ...kafka, SPILLWAY_KAFKA_CA: 'no-such.pem' }, {})[0] ?? '', /kafka_ca = .*ENOENT.*a PEM file/);
  assert.match(problemsOf({ ...kafka, SPILLWAY_KAFKA_CERT: import.meta.filename }, {})[0] ?? '', /kafka_cert without kafka_key/);
  const { effective } = readConfig({ env: { ...kafka, SPILLWAY_KAFKA_SASL_PASSWORD: 'secret' }, folder });
  assert.equal(effective.find(({ name }) => name === 'kafka_sasl_password')?.value, '********');
});

test('settings of the object store go together with its keys and a Kafka log, and its secret is masked', () => {
  const kafka = { SPILLWAY_LOG: 'kafka', SPILLWAY_KAFKA_BROKERS: 'a:9092' };
  const keys = { SPILLWAY_CHECKPOINT_STORE_ACCESS_KEY_ID: 'id', SPILLWAY_CHECKPOINT_STORE_SECRET_ACCESS_KEY: 'a-secret' };
  const store = { ...kafka, ...keys, SPILLWAY_CHECKPOINT_STORE: 's3://a-bucket/a/b' };
  assert.deepEqual(problemsOf(store, {}), []);
  assert.deepEqual(problemsOf({ ...store, SPILLWAY_CHECKPOINT_STORE_ENDPOINT: 'http://127.0.0.1:9000/' }, {}), []);
  assert.match(problemsOf({ ...kafka, SPILLWAY_CHECKPOINT_STORE: 's3://a-bucket' }, {}).join('\n'), /_access_key_id\n.*secret_access_key$/);
  assert.match(problemsOf({ ...store, SPILLWAY_LOG: 'file' }, {}).join('\n'), /checkpoint_store without log = kafka/);
  assert.equal(problemsOf({ ...kafka, ...keys }, {}).length, 2);
  for (const place of ['a-bucket/a', 's3://', 's3://A/b', 's3://a-bucket/a b', 's3://a-bucket//b', 's3://a-bucket/%2e']) {
    assert.match(problemsOf({ ...store, SPILLWAY_CHECKPOINT_STORE: place }, {})[0] ?? '', /it must be a place in a bucket/, place);
  }
  for (const endpoint of ['minio:9000', 'http://minio:9000/path', 'http://user:word@minio:9000', 'ftp://minio']) {
    assert.match(problemsOf({ ...store, SPILLWAY_CHECKPOINT_STORE_ENDPOINT: endpoint }, {})[0] ?? '', /it must be an origin/, endpoint);
  }
  assert.doesNotMatch(JSON.stringify(readConfig({ env: store, folder }).effective), /a-secret/);
});

test('a process that does a part of the work needs where it meets the others', () => {
  const meeting = { SPILLWAY_LOG: 'kafka', SPILLWAY_KAFKA_BROKERS: 'a:9092', SPILLWAY_DATABASE_URL: 'postgres://u@h/d' };
  assert.deepEqual(problemsOf({ ...meeting, SPILLWAY_ROLES: 'pipeline' }, {}), []);
  assert.deepEqual(problemsOf({ SPILLWAY_ROLES: 'control,gateway,pipeline' }, {}), []);
  assert.match(problemsOf({ SPILLWAY_ROLES: 'pipeline' }, {}).join('\n'), /roles = pipeline without log = kafka\n.*without database_url/);
  assert.match(
    problemsOf({ ...meeting, SPILLWAY_ROLES: 'broker' }, {})[0] ?? '',
    /has an unknown role in its list; allowed: gateway, pipeline and control/,
  );
  assert.deepEqual([...rolesOf({ roles: 'gateway,control' })], ['gateway', 'control']);
});
