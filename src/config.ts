import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { PARTITIONS_MAX } from '../assembly/abi.js';
import { parseStoreUrl, storeProblems } from './contract/checkpoint-store.js';
import type { Config, Role } from './contract/config.js';
import { suggestion } from './contract/suggestion.js';

/** One thing an operator can set: `name` in the file, `SPILLWAY_<NAME>` in the environment. */
export interface Setting {
  readonly key: keyof Config;
  readonly name: string;
  readonly what: string;
  readonly allowed: string;
  readonly fallback: string | number | undefined;
  readonly schema: z.ZodType;
}

const port = z.int({ error: 'it is no whole number' }).min(0, 'it is below 0').max(65535, 'it is above 65535');
const portAllowed = 'a whole number from 0 (any free port) to 65535';

function between(lowest: number, highest: number): z.ZodType {
  return z.int({ error: 'it is no whole number' }).min(lowest, `it is below ${lowest}`).max(highest, `it is above ${highest}`);
}

function choice(...values: string[]): z.ZodType {
  return z.enum(values, { error: 'it is none of the choices' });
}

function setting(
  key: keyof Config,
  name: string,
  schema: z.ZodType,
  fallback: Setting['fallback'],
  allowed: string,
  what: string,
): Setting {
  return Object.freeze({ key, name, schema, fallback, allowed, what });
}

/** Numbers that need not be set are known by their schemas. */
const copies = between(1, 32);
const text = z.string({ error: 'it is no string' }).min(1, 'it is empty');
const hostName = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)$/;
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

const ALL_ROLES = 'gateway,pipeline,control';

/** Every setting, in the order in which documents list them. */
export const settings: readonly Setting[] = [
  setting('stateFolder', 'state', text, '.spillway', 'a folder', 'Folder of the log, the embedded database and the admin key.'),
  setting(
    'adminKey',
    'admin_key',
    text.max(256, 'it is longer than 256 characters').regex(/^[\x21-\x7e]+$/, 'it holds a space or a character outside ASCII'),
    undefined,
    '1 to 256 printable ASCII characters without spaces',
    'First admin key; absent: one is made and kept in <state>/admin-key.',
  ),
  setting('bind', 'bind', text.regex(hostName, 'it is no address'), '127.0.0.1', 'an IP address or host name', 'Address to listen on.'),
  setting('mqttPort', 'mqtt_port', port, 1883, portAllowed, 'Port of MQTT over TCP.'),
  setting('mqttsPort', 'mqtts_port', port, undefined, portAllowed, 'Port of MQTT over TLS; absent: none.'),
  setting('tlsCert', 'tls_cert', text, undefined, 'a PEM file', 'Certificate of the TLS port, followed by those that vouch for it.'),
  setting('tlsKey', 'tls_key', text, undefined, 'a PEM file', 'Private key of that certificate.'),
  setting(
    'tlsClientCa',
    'tls_client_ca',
    text,
    undefined,
    'a PEM file',
    'Authorities of client certificates; given, a client without one is turned away.',
  ),
  setting('httpPort', 'http_port', port, 8080, portAllowed, 'Port of the API, the console and HTTP ingest.'),
  setting('coapPort', 'coap_port', port, 5683, portAllowed, 'Port of CoAP; kept for it, nothing listens there yet.'),
  setting(
    'databaseUrl',
    'database_url',
    text.refine(isPostgresUrl, 'it is no PostgreSQL URL'),
    undefined,
    'postgres://user:password@host:port/database',
    'PostgreSQL to store into; absent: the embedded server.',
  ),
  setting(
    'roles',
    'roles',
    text.regex(/^(gateway|pipeline|control)(,(gateway|pipeline|control))*$/, 'it names something else'),
    ALL_ROLES,
    'gateway, pipeline and control, some of them with commas between',
    'What this process does: serve devices; decode and store; API and console.',
  ),
  setting(
    'log',
    'log',
    choice('file', 'kafka', 'none'),
    'file',
    'file, kafka or none',
    'Where blocks are made durable: files in the state folder, or Kafka; none keeps nothing: for benches only.',
  ),
  setting(
    'kafkaBrokers',
    'kafka_brokers',
    text.regex(/^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/, 'it is no list of host:port'),
    undefined,
    'host:port, several with commas between them',
    'Brokers of the Kafka log to ask first; they name the others.',
  ),
  setting(
    'kafkaTopicPrefix',
    'kafka_topic_prefix',
    text.regex(/^[A-Za-z0-9._-]{1,200}$/, 'it holds a character that topics may not have'),
    undefined,
    '1 to 200 of A-Z a-z 0-9 . _ -',
    'Put before the names of topics, so that several deployments can share brokers.',
  ),
  setting(
    'kafkaReplicationFactor',
    'kafka_replication_factor',
    copies,
    undefined,
    'a whole number from 1 to 32',
    "Copies of each partition when Spillway makes the topic; absent: the brokers' default.",
  ),
  setting(
    'kafkaTopics',
    'kafka_topics',
    text.regex(/^dead-letters$/, 'it names something else'),
    undefined,
    'dead-letters',
    'Further topics to publish: dead-letters has every dead letter once it is committed; absent: none.',
  ),
  setting(
    'kafkaSecurity',
    'kafka_security',
    choice('plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'),
    'plaintext',
    'plaintext, ssl, sasl_plaintext or sasl_ssl',
    'How brokers are spoken to: with TLS, with a user name, with both.',
  ),
  setting('kafkaCa', 'kafka_ca', text, undefined, 'a PEM file', "Authorities of the brokers' certificates; absent: those of the system."),
  setting('kafkaCert', 'kafka_cert', text, undefined, 'a PEM file', 'Certificate to show to the brokers.'),
  setting('kafkaKey', 'kafka_key', text, undefined, 'a PEM file', 'Private key of that certificate.'),
  setting(
    'kafkaSaslMechanism',
    'kafka_sasl_mechanism',
    choice('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'),
    'SCRAM-SHA-512',
    'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512',
    'How the user name is proved.',
  ),
  setting('kafkaSaslUsername', 'kafka_sasl_username', text, undefined, 'a name', 'User name at the brokers.'),
  setting('kafkaSaslPassword', 'kafka_sasl_password', text, undefined, 'a password', 'Password of that user.'),
  setting(
    'gateways',
    'gateways',
    between(1, 16),
    1,
    'a whole number from 1 to 16',
    'Threads that serve device connections; more than one needs the native reactor.',
  ),
  setting(
    'partitions',
    'partitions',
    between(1, PARTITIONS_MAX),
    4,
    `a whole number from 1 to ${PARTITIONS_MAX}`,
    'Partitions of the log; fixed for the life of a state folder.',
  ),
  setting(
    'logRetentionHours',
    'log_retention_hours',
    between(1, 8760),
    24,
    'a whole number of hours from 1 to 8760',
    'How long committed log segments are kept; also the deduplication window.',
  ),
  setting(
    'logRetentionGib',
    'log_retention_gib',
    between(1, 1_048_576),
    64,
    'a whole number of GiB from 1 to 1048576',
    'Log kept at most: above it the oldest committed segments go before their time; what is not committed stays.',
  ),
  setting(
    'logBacklogMib',
    'log_backlog_mib',
    between(1, 1_048_576),
    16_384,
    'a whole number of MiB from 1 to 1048576',
    'Log that may wait for the database; at this much devices are no longer read, and nothing is dropped.',
  ),
  setting(
    'checkpointFolder',
    'checkpoint_folder',
    text,
    undefined,
    'a folder that every process of the deployment sees',
    'Where states of partitions are kept, so that whoever gets a partition goes on from there; absent: in the state folder.',
  ),
  setting(
    'checkpointStore',
    'checkpoint_store',
    text.refine((value) => parseStoreUrl(value) !== undefined, 'it is no place in a bucket'),
    undefined,
    's3://bucket or s3://bucket/prefix, the prefix of A-Z a-z 0-9 . _ - and /',
    'Object store that states of partitions are copied to and taken up from; takes a Kafka log along.',
  ),
  setting(
    'checkpointStoreEndpoint',
    'checkpoint_store_endpoint',
    text.refine(isHttpOrigin, 'it is no origin'),
    undefined,
    'http://host:port or https://host:port',
    'Where the S3 API answers, with the bucket in the path; absent: AWS.',
  ),
  setting(
    'checkpointStoreRegion',
    'checkpoint_store_region',
    text.regex(/^[a-z0-9-]+$/, 'it is no region'),
    'us-east-1',
    'a region as the store names it',
    'Region of the bucket.',
  ),
  setting(
    'checkpointStoreAccessKeyId',
    'checkpoint_store_access_key_id',
    text,
    undefined,
    'an access key id',
    'Who asks the object store.',
  ),
  setting('checkpointStoreSecretAccessKey', 'checkpoint_store_secret_access_key', text, undefined, 'a secret key', 'Its secret.'),
  setting(
    'checkpointSeconds',
    'checkpoint_seconds',
    between(1, 3600),
    10,
    'a whole number of seconds from 1 to 3600',
    'How often the state of a partition is written down while it changes; a start after a crash replays what came since.',
  ),
  setting(
    'batchAgeMsMax',
    'batch_age_ms',
    between(1, 60_000),
    200,
    'a whole number of ms from 1 to 60000',
    'Rows are committed before they are older.',
  ),
  setting(
    'store',
    'store',
    choice('database', 'null'),
    'database',
    'database or null',
    'null counts rows and throws them away: for benches only.',
  ),
  setting(
    'reactor',
    'reactor',
    choice('auto', 'native', 'portable'),
    'auto',
    'auto, native or portable',
    'What reads the sockets of devices; auto: native where it was built.',
  ),
  setting('logLevel', 'log_level', choice(...levels), 'info', `one of ${levels.join(', ')}`, 'How much is logged on stderr.'),
];

/** Settings that are paths. */
const paths: readonly (keyof Config)[] = [
  'stateFolder',
  'tlsCert',
  'tlsKey',
  'tlsClientCa',
  'kafkaCa',
  'kafkaCert',
  'kafkaKey',
  'checkpointFolder',
];

/** Variables of the family that are no settings: the file's path, and the switch of the browser tests. */
const otherVariables = ['SPILLWAY_CONFIG', 'SPILLWAY_BROWSER_REQUIRED'];
// Kubernetes sets these in every pod beside a service that is named spillway.
const kubernetesVariable = /^SPILLWAY_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)$/;

export type Source = 'default' | 'file' | 'environment';

export interface EffectiveSetting {
  readonly name: string;
  readonly variable: string;
  readonly value: unknown;
  readonly source: Source;
}

/** What was read: a config, or every problem that stands in its way. Secrets in `effective` are masked. */
export interface ConfigReading {
  readonly config: Config | undefined;
  readonly file: string | undefined;
  readonly effective: readonly EffectiveSetting[];
  readonly problems: readonly string[];
}

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of the config file; absent: SPILLWAY_CONFIG, else spillway.json in `folder` if it is there. */
  readonly file?: string | undefined;
  /** The working folder; paths in the environment start from it, paths in the file from the file's folder. */
  readonly folder?: string;
}

/** Thrown by loadConfig; `problems` are whole sentences, one a setting. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** File and environment to a frozen Config; the environment wins. Throws a ConfigError with all problems. */
export function loadConfig(sources: ConfigSources): Config {
  const { config, problems } = readConfig(sources);
  if (!config) throw new ConfigError(problems);
  return config;
}

/** The same, with the source of each value, and with problems as values. */
export function readConfig({ env, file, folder = process.cwd() }: ConfigSources): ConfigReading {
  const problems: string[] = [];
  const path = configPath(env, file, folder);
  const fromFile = path === undefined ? {} : readConfigFile(path, problems);
  refuseUnknownVariables(env, problems);
  const effective: EffectiveSetting[] = [];
  const config: Record<string, unknown> = {};
  for (const entry of settings) {
    const { value, source } = pick(entry, fromFile, env);
    const parsed = entry.schema.safeParse(value);
    if (value !== undefined && !parsed.success)
      problems.push(problem(entry, value, source, path, parsed.error.issues[0]?.message ?? 'it is invalid'));
    const base = source === 'file' && path !== undefined ? dirname(path) : folder;
    const final = paths.includes(entry.key) && typeof value === 'string' ? resolve(base, value) : value;
    config[entry.key] = final;
    effective.push({ name: entry.name, variable: variableOf(entry.name), value: masked(entry.key, final), source });
  }
  problems.push(...tlsProblems(config), ...kafkaProblems(config), ...storeProblems(config));
  if (config.mqttPort === config.httpPort && config.mqttPort !== 0) {
    problems.push(`cannot use setting http_port: ${String(config.httpPort)} is also the mqtt_port; give each a port of its own, or 0`);
  }
  return { config: problems.length === 0 ? (Object.freeze(config) as unknown as Config) : undefined, file: path, effective, problems };
}

/** What the TLS settings say of each other, and whether their files can be read. */
function tlsProblems(config: Record<string, unknown>): string[] {
  const problems: string[] = [];
  const isSet = (key: string) => config[key] !== undefined;
  const missing = (name: string, because: string) =>
    problems.push(`cannot use setting ${because} without ${name}; allowed: mqtts_port, tls_cert and tls_key together, or none`);
  if (isSet('mqttsPort') && !isSet('tlsCert')) missing('tls_cert', 'mqtts_port');
  if (isSet('tlsCert') && !isSet('tlsKey')) missing('tls_key', 'tls_cert');
  if (isSet('tlsKey') && !isSet('tlsCert')) missing('tls_cert', 'tls_key');
  if (isSet('tlsCert') && !isSet('mqttsPort')) missing('mqtts_port', 'tls_cert');
  if (isSet('tlsClientCa') && !isSet('tlsCert')) missing('tls_cert', 'tls_client_ca');
  problems.push(...fileProblems(config, { tlsCert: 'tls_cert', tlsKey: 'tls_key', tlsClientCa: 'tls_client_ca' }));
  for (const [key, name] of [
    ['mqttPort', 'mqtt_port'],
    ['httpPort', 'http_port'],
  ] as const) {
    if (isSet('mqttsPort') && config.mqttsPort !== 0 && config.mqttsPort === config[key]) {
      problems.push(`cannot use setting mqtts_port: ${String(config.mqttsPort)} is also the ${name}; give each a port of its own, or 0`);
    }
  }
  return problems;
}

/** What the settings of the Kafka log say of each other, and whether their files can be read. */
function kafkaProblems(config: Record<string, unknown>): string[] {
  const problems: string[] = [];
  const needs = (name: string, because: string) => problems.push(`cannot use setting ${because} without ${name}`);
  if (config.log === 'kafka' && config.kafkaBrokers === undefined) needs('kafka_brokers', 'log = kafka');
  if (config.log !== 'kafka' && config.kafkaBrokers !== undefined) needs('log = kafka', 'kafka_brokers');
  if (config.log !== 'kafka' && config.kafkaTopics !== undefined) needs('log = kafka', 'kafka_topics');
  const isPart = !['gateway', 'pipeline', 'control'].every((role) => rolesOf(config).has(role as Role));
  if (isPart && config.log !== 'kafka') needs('log = kafka', `roles = ${String(config.roles)}`);
  if (isPart && config.databaseUrl === undefined) needs('database_url', `roles = ${String(config.roles)}`);
  if (String(config.kafkaSecurity).startsWith('sasl')) {
    if (config.kafkaSaslUsername === undefined) needs('kafka_sasl_username', `kafka_security = ${String(config.kafkaSecurity)}`);
    if (config.kafkaSaslPassword === undefined) needs('kafka_sasl_password', `kafka_security = ${String(config.kafkaSecurity)}`);
  }
  if ((config.kafkaCert === undefined) !== (config.kafkaKey === undefined)) {
    needs(...((config.kafkaCert === undefined ? ['kafka_cert', 'kafka_key'] : ['kafka_key', 'kafka_cert']) as [string, string]));
  }
  problems.push(...fileProblems(config, { kafkaCa: 'kafka_ca', kafkaCert: 'kafka_cert', kafkaKey: 'kafka_key' }));
  return problems;
}

/** Those of these settings, names by key, whose file cannot be read. */
function fileProblems(config: Record<string, unknown>, names: Readonly<Record<string, string>>): string[] {
  return Object.entries(names).flatMap(([key, name]) => {
    const path = config[key];
    if (typeof path !== 'string') return [];
    try {
      readFileSync(path);
      return [];
    } catch (error) {
      const { message } = error as Error;
      return [`cannot use setting ${name} = ${JSON.stringify(path)}: ${message}; allowed: a PEM file that this user can read`];
    }
  });
}

/** What this process is to do. */
export function rolesOf({ roles }: { readonly roles?: unknown }): ReadonlySet<Role> {
  return new Set(String(roles).split(',') as Role[]);
}

export function variableOf(name: string): string {
  return `SPILLWAY_${name.toUpperCase()}`;
}

function configPath(env: ConfigSources['env'], file: string | undefined, folder: string): string | undefined {
  const named = file ?? (env.SPILLWAY_CONFIG || undefined);
  if (named !== undefined) return resolve(folder, named);
  const usual = resolve(folder, 'spillway.json');
  return existsSync(usual) ? usual : undefined;
}

function readConfigFile(path: string, problems: string[]): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    problems.push(`cannot read config file ${path}: ${(error as Error).message}; allowed: one JSON object`);
    return {};
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.push(`cannot read config file ${path}: it holds no JSON object; allowed: {"http_port": 8080, …}`);
    return {};
  }
  const names = settings.map((entry) => entry.name);
  for (const name of Object.keys(content)) {
    if (!names.includes(name)) problems.push(`cannot use key ${name} of ${path}: there is no such setting${suggestion(name, names)}`);
  }
  return content as Record<string, unknown>;
}

function refuseUnknownVariables(env: ConfigSources['env'], problems: string[]): void {
  const known = [...settings.map((entry) => variableOf(entry.name)), ...otherVariables];
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith('SPILLWAY_') || known.includes(name) || kubernetesVariable.test(name)) continue;
    problems.push(`cannot use variable ${name}: there is no such setting${suggestion(name, known, 'SPILLWAY_'.length)}`);
  }
}

function pick(entry: Setting, fromFile: Record<string, unknown>, env: ConfigSources['env']): { value: unknown; source: Source } {
  const given = env[variableOf(entry.name)];
  // An empty variable is how compose files and shells say "not set".
  if (given !== undefined && given !== '') {
    const numeric =
      (typeof entry.fallback === 'number' || entry.schema === port || entry.schema === copies) && /^-?\d+(\.\d+)?$/.test(given);
    return { value: numeric ? Number(given) : given, source: 'environment' };
  }
  if (Object.hasOwn(fromFile, entry.name)) return { value: fromFile[entry.name], source: 'file' };
  return { value: entry.fallback, source: 'default' };
}

function problem(entry: Setting, value: unknown, source: Source, path: string | undefined, cause: string): string {
  const where = source === 'environment' ? variableOf(entry.name) : `${entry.name} of ${path}`;
  return `cannot use ${where} = ${JSON.stringify(masked(entry.key, value))}: ${cause}; allowed: ${entry.allowed}`;
}

function isPostgresUrl(value: string): boolean {
  return URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol);
}

function isHttpOrigin(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).origin === value.replace(/\/$/, '');
}

function masked(key: keyof Config, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (key === 'adminKey' || key === 'kafkaSaslPassword' || key === 'checkpointStoreSecretAccessKey') return '********';
  if (key === 'databaseUrl') return maskedUrl(value);
  return value;
}

function maskedUrl(value: string): string {
  if (!URL.canParse(value)) return '********';
  const url = new URL(value);
  if (url.password !== '') url.password = '********';
  if (url.searchParams.has('password')) url.searchParams.set('password', '********');
  return url.href;
}
