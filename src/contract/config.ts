/** What a process does; one that does all of it is an appliance of its own. */
export type Role = 'gateway' | 'pipeline' | 'control';

/** What this process is to do. */
export function rolesOf({ roles }: { readonly roles?: unknown }): ReadonlySet<Role> {
  return new Set(String(roles).split(',') as Role[]);
}

/** What an operator can set. Built once by src/config/config.ts, frozen, and passed down. */
export interface Config {
  /** Absolute path of the folder that holds the log, the embedded database and the admin key. */
  readonly stateFolder: string;
  /** The first admin key; absent: one is made at first start and kept in the state folder. */
  readonly adminKey: string | undefined;
  readonly bind: string;
  readonly mqttPort: number;
  /** MQTT over TLS; absent: none. */
  readonly mqttsPort: number | undefined;
  /** Absolute paths of PEM files. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** Clients must show a certificate of one of these authorities. */
  readonly tlsClientCa: string | undefined;
  readonly httpPort: number;
  readonly coapPort: number;
  /** A PostgreSQL connection string; absent: the embedded server. */
  readonly databaseUrl: string | undefined;
  /** With commas between them; other than all: there is a Kafka log and a database of its own to meet at. */
  readonly roles: string;
  /** `none`: what is acknowledged is kept nowhere; for benches only. */
  readonly log: 'file' | 'kafka' | 'none';
  /** `host:port,…`; there with a Kafka log, and only then. */
  readonly kafkaBrokers: string | undefined;
  /** Before the names of topics; absent: nothing. */
  readonly kafkaTopicPrefix: string | undefined;
  /** Copies of each partition of a topic that Spillway makes; absent: the brokers' default. */
  readonly kafkaReplicationFactor: number | undefined;
  /** Topics that are published beside that of blocks, `dead-letters` and `telemetry.normalized`, with commas between; absent: none. */
  readonly kafkaTopics: string | undefined;
  readonly kafkaFormat: 'json' | 'protobuf';
  /** Whether each tenant has such topics of its own. */
  readonly kafkaTenantTopics: 'off' | 'on';
  readonly kafkaSecurity: 'plaintext' | 'ssl' | 'sasl_plaintext' | 'sasl_ssl';
  /** Absolute paths of PEM files. */
  readonly kafkaCa: string | undefined;
  readonly kafkaCert: string | undefined;
  readonly kafkaKey: string | undefined;
  readonly kafkaSaslMechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly kafkaSaslUsername: string | undefined;
  readonly kafkaSaslPassword: string | undefined;
  /** Gateway threads. */
  readonly gateways: number;
  /** Fixed for the life of a deployment. */
  readonly partitions: number;
  /** Committed log segments older than this are removed; it is also the deduplication window. */
  readonly logRetentionHours: number;
  /** Log of all partitions, GiB; above it committed segments are removed before their time. */
  readonly logRetentionGib: number;
  /** Log that the store has not committed, MiB; at this much devices are no longer read. */
  readonly logBacklogMib: number;
  /** Absolute path of a folder that all processes of a deployment see; absent: one in the state folder. */
  readonly checkpointFolder: string | undefined;
  /** `s3://bucket/prefix`; there with a Kafka log only, and with both keys. */
  readonly checkpointStore: string | undefined;
  /** Origin of the S3 API; absent: AWS. */
  readonly checkpointStoreEndpoint: string | undefined;
  readonly checkpointStoreRegion: string;
  readonly checkpointStoreAccessKeyId: string | undefined;
  readonly checkpointStoreSecretAccessKey: string | undefined;
  /** How often the state of a partition is written down while it changes. */
  readonly checkpointSeconds: number;
  /** A row batch goes to the database at this age, ms, or when the database is done with the one before, whichever is later. */
  readonly batchAgeMsMax: number;
  /** `null`: rows are counted and thrown away; for benches only. */
  readonly store: 'database' | 'null';
  /** What reads the devices' sockets. */
  readonly reactor: 'auto' | 'native' | 'portable';
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
}
