import { type RefusalCode, refusalCodes } from './codes.js';

/** One reason for which an HTTP or WebSocket call is refused. */
export interface ApiError {
  /** The stable name that clients switch on. */
  readonly code: string;
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 426 | 429 | 431 | 500 | 501 | 503 | 505;
  readonly cause: string;
  readonly wayOut: string;
}

const own = {
  path_malformed: [400, 'the path is not percent-encoded UTF-8', 'encode each part of the path with encodeURIComponent'],
  request_malformed: [400, 'the bytes are not a request of HTTP/1.1', 'check that the client speaks HTTP/1.1 without TLS on this port'],
  host_missing: [400, 'the request does not have one Host header', 'send Host once; HTTP/1.0 may leave it out'],
  length_ambiguous: [
    400,
    'the headers do not say in one way how long the body is',
    'send either one Content-Length or Transfer-Encoding: chunked, and chunked with HTTP/1.1 only',
  ],
  query_invalid: [400, 'a query parameter is not valid', 'correct the parameter that the message names'],
  body_malformed: [400, 'the body is not JSON', 'send one JSON object, encoded as UTF-8'],
  body_invalid: [400, 'a member of the body is not valid', 'correct the member that the message names'],
  token_too_short: [
    400,
    'the token has fewer than 8 characters',
    'leave the token out, so that a random one is made, or give a longer one',
  ],
  encoding_malformed: [400, 'the body is not what its Content-Encoding says', 'send whole data of that encoding, or the body as it is'],
  device_missing: [400, 'the path names no device', 'put the device id at the end of the path: POST /v1/ingest/{id}'],
  header_unsupported: [
    400,
    'a header that is not honoured here would change what the call means',
    'leave out the header that the message names',
  ],
  topic_telemetry: [
    400,
    'devices publish their telemetry on this topic, and a message that goes to subscribers alone would not be stored',
    'publish on another topic, or send it as telemetry of the device: POST /v1/ingest/{id}',
  ],
  gateway_unknown: [400, 'via names no device of the tenant', 'register the gateway device first, then name it in via'],
  schema_invalid: [
    400,
    'the definition of the schema says something that is not read, or contradicts itself',
    'correct what the message names with its path; deploy/SCHEMAS.md says what a definition may hold',
  ],
  issuer_keys_unusable: [
    400,
    'the public keys of the issuer cannot be fetched or read',
    'correct what the message names; the address has to answer with a key set of RFC 7517, {"keys": [...]}, to this host',
  ],
  codec_invalid: [400, 'the module is no codec', 'correct what the message names; deploy/CODECS.md says what a codec exports and imports'],
  pack_malformed: [
    400,
    'the file is no device pack, or not a whole one',
    'send the file as `spillway pack build` wrote it; compare its size with that of the original',
  ],
  pack_format_unsupported: [
    400,
    'the pack is of a newer format than this build reads',
    'install a newer Spillway, or ask for a pack of an older format',
  ],
  pack_invalid: [
    400,
    'the content of the pack says something that is not read, or contradicts itself',
    'correct what the message names; deploy/PACKS.md says what a pack may hold',
  ],
  pack_vectors_failed: [
    400,
    'messages that the pack brings do not become the readings that it says',
    'see which: npx spillway pack verify FILE; ask whoever made the pack for a mended version',
  ],
  resolution_unsupported: [400, 'only raw readings can be queried', 'ask for resolution=raw'],
  websocket_expected: [400, 'the path speaks WebSocket only', 'open a WebSocket to this path'],
  admin_key_invalid: [401, 'the admin key is missing or not valid', 'send Authorization: Bearer <admin key>'],
  claim_refused: [
    401,
    'the claim code is not known, has ended, was revoked, or has let in as many devices as it may',
    'check the code as it is printed; else ask who runs the deployment for another: npx spillway claim-code list',
  ],
  role_insufficient: [403, 'the key may not do this', 'use a key of the role that the message names: npx spillway key list'],
  scope_forbidden: [
    403,
    'the key is of one tenant or of one group of devices, and the call is about more',
    'use a key of all tenants, or ask for what the key is of',
  ],
  pack_untrusted: [
    403,
    'no key that is trusted signed the pack',
    'trust the key of whoever made it: npx spillway pack key add NAME KEY.pem; or, for a pack of your own, install it with --allow-unsigned',
  ],
  pack_signature_invalid: [
    403,
    'a key that is trusted is named as the signer, and did not sign this content',
    'do not install it: the file was changed after it was signed. Fetch it again from whoever made it',
  ],
  not_found: [404, 'there is nothing at this path', 'check the path: calls begin with /v1/'],
  key_unknown: [404, 'there is no valid admin key of this id', 'list the keys: npx spillway key list'],
  dead_letter_unknown: [
    404,
    'there is no dead letter of this id that can be tried again: it was tried already, is a row that the database refused, or its device is deleted',
    'list the letters: GET /v1/dead-letters; replayed_at says which were tried again',
  ],
  capture_unknown: [
    404,
    'this process knows no capture of this id: it is forgotten ten minutes after its end',
    'begin one: POST /v1/debug/captures; read it at the process that began it',
  ],
  replay_unknown: [
    404,
    'this process knows no replay of this id',
    'list them: GET /v1/dead-letters/replays, at the process that started it',
  ],
  codec_unknown: [404, 'the tenant has no codec of this id, or of this name and version', 'list the codecs: npx spillway codec list'],
  shadow_run_unknown: [
    404,
    'this process knows no shadow run of this number',
    'list them: GET /v1/shadow-runs, at the process that began it',
  ],
  pack_unknown: [404, 'the tenant has no pack of this name', 'list the packs: npx spillway pack list'],
  pack_key_unknown: [404, 'no key of this id is trusted', 'list the keys: npx spillway pack key list'],
  schema_id_unknown: [404, 'the tenant has no schema of this id', 'list the schemas: npx spillway schema list'],
  schema_version_unknown: [404, 'the schema has no version of this number', 'list its versions: npx spillway schema show ID'],
  group_unknown: [404, 'the tenant has no group of this number or path', 'list the groups: npx spillway group list'],
  authority_unknown: [404, 'the tenant has no authority of this number', 'list them: npx spillway authority list'],
  claim_code_unknown: [404, 'the tenant has no valid claim code of this number', 'list them: npx spillway claim-code list'],
  issuer_unknown: [404, 'the tenant has no issuer of this number', 'list them: npx spillway issuer list'],
  credential_unknown: [404, 'the device has no valid credential of this number', 'list them: npx spillway credential list DEVICE'],
  acl_rule_unknown: [404, 'the tenant has no ACL rule of this number', 'list the rules: npx spillway acl list'],
  service_client_unknown: [404, 'the tenant has no service client of this name', 'list them: npx spillway service list'],
  session_unknown: [
    404,
    'the tenant has no MQTT session of this key at this process',
    'list the sessions: npx spillway session list; of several processes, ask the one that the client connects to',
  ],
  retained_unknown: [404, 'the topic has no retained message at this process', 'list them: npx spillway retained list'],
  topic_rule_unknown: [404, 'the tenant has no topic rule of this name', 'list the rules: npx spillway topic-rule list'],
  method_not_allowed: [405, 'the path does not answer this method', 'use a method that the Allow header lists'],
  request_timeout: [408, 'the request was not sent in time', 'send the whole head within 10 s and the whole request within 5 min'],
  device_exists: [409, 'the id is taken', 'choose another device_id, or read the device that has it'],
  device_decommissioned: [
    409,
    'the device is decommissioned, which is final',
    'delete the device and register its id anew, or register a device under another id',
  ],
  time_zones_exhausted: [
    409,
    'devices and tenants name 127 time zones',
    'name one that others name as well: zones with the same clocks do',
  ],
  devices_exhausted: [409, 'the registry takes no more devices', 'use a second deployment for the devices over the limit'],
  gateway_missing: [
    409,
    'this process has no gateway, and so puts no message into the log',
    'call a process whose SPILLWAY_ROLES hold gateway',
  ],
  sessions_missing: [
    409,
    'no device connects to this process, so it has no MQTT sessions',
    'call a process whose SPILLWAY_ROLES hold gateway',
  ],
  captures_exhausted: [
    409,
    '8 captures run, and no more may run at a time',
    'end one: GET /v1/debug/captures lists them, DELETE /v1/debug/captures/{id} ends it',
  ],
  group_exists: [409, 'there is a group of this name at this place', 'choose another name, or put it into another group'],
  group_cycle: [409, 'the group would be in itself', 'put it into a group that is not in it'],
  group_not_empty: [409, 'other groups are in this one', 'delete those first, or put them elsewhere: PATCH /v1/groups/{id} with parent'],
  groups_exhausted: [409, 'the tenant has 10,000 groups', 'delete groups that nobody needs, or use tags'],
  key_last: [
    409,
    'it is the only key that can do everything for good, and nobody could make another',
    'make a new key first: npx spillway key add NAME',
  ],
  keys_exhausted: [409, 'there are 10,000 keys', 'revoke keys that nobody uses: npx spillway key list'],
  authority_exists: [409, 'a tenant has this authority already', 'delete it there first: a certificate is of a device of one tenant'],
  authorities_exhausted: [
    409,
    'the tenant has 10 authorities',
    'delete those that sign no certificates any more: npx spillway authority list',
  ],
  claim_codes_exhausted: [
    409,
    'the tenant would have more than 100,000 claim codes that can be used',
    'revoke those that nobody needs: npx spillway claim-code list',
  ],
  issuer_exists: [409, 'the tenant has this issuer for this audience', 'delete it first: npx spillway issuer rm NUMBER'],
  issuers_exhausted: [409, 'the tenant has 20 issuers', 'delete those that sign no tokens any more: npx spillway issuer list'],
  credential_exists: [409, 'a device has this certificate already', 'revoke that credential first; a certificate says who one device is'],
  credentials_exhausted: [409, 'the device has 16 credentials', 'revoke those that it does not use: npx spillway credential list DEVICE'],
  acl_rules_exhausted: [
    409,
    'the tenant has 500 ACL rules',
    'delete rules that no client needs: npx spillway acl list; one filter with wildcards or %d can stand for many',
  ],
  service_client_exists: [409, 'there is a service client of this name', 'choose another name, or delete that client first'],
  service_clients_exhausted: [409, 'the tenant has 1,000 service clients', 'delete those that nobody uses: npx spillway service list'],
  topic_rule_exists: [
    409,
    'there is a topic rule of this name',
    'choose another name, or replace the rule: PUT /v1/topic-rules/{name}; a built-in rule stays as it is, and rules of the tenant come before it',
  ],
  topic_rules_exhausted: [
    409,
    'the tenant has 100 topic rules',
    'delete rules that no device needs: npx spillway topic-rule list; one pattern with named levels can stand for many',
  ],
  pack_conflict: [
    409,
    'the tenant has things of its own in the place of what the pack brings',
    'rename or delete what the message names, then install the pack; nothing was changed',
  ],
  pack_not_newer: [
    409,
    'the tenant has this version of the pack, or a newer one',
    'go back with npx spillway pack rollback PACK; or remove the pack and install the older file',
  ],
  pack_first: [409, 'the pack was never upgraded, so there is no version before it', 'remove the pack: npx spillway pack remove PACK'],
  pack_built_in: [
    409,
    'the pack is part of every build, and cannot be removed or rolled back',
    "switch it off for the tenant: npx spillway pack disable PACK; topics of Spillway's own stay",
  ],
  packs_exhausted: [409, 'the tenant has 100 packs', 'remove packs that no device needs: npx spillway pack list'],
  pack_keys_exhausted: [409, '100 keys are trusted', 'distrust those of which nothing is installed: npx spillway pack key list'],
  codec_in_use: [
    409,
    'a schema names the codec, and messages in the log may be read by it',
    'keep it: a version of a schema never changes, so that what the log holds keeps its meaning',
  ],
  codecs_exhausted: [409, 'the tenant has 200 versions of codecs', 'delete those that no schema names: npx spillway codec list'],
  log_not_readable: [
    409,
    'the log is a topic of Kafka, of which this process reads its own partitions only and nothing twice',
    'try the candidate with single payloads: POST /v1/schemas/{id}/test, POST /v1/codecs/{id}/test, POST /v1/topic-rules/test',
  ],
  shadow_run_running: [409, 'a shadow run is under way, and one runs at a time', 'wait until it is done: GET /v1/shadow-runs'],
  shadow_run_not_done: [
    409,
    'only a run that is done, and not activated yet, can be activated',
    'wait until it is done: GET /v1/shadow-runs/{id}',
  ],
  schema_incompatible: [
    409,
    'the new version is not compatible with the one before',
    'keep what the message names and add optional fields only; or begin a new major version ("major": true), once those who read the values know of it',
  ],
  schema_retired: [409, 'the schema is retired, which is final', 'make a schema for the class and the range anew: POST /v1/schemas'],
  schemas_exhausted: [
    409,
    'the tenant has 1,000 versions of schemas, or all tenants have 10,000 together',
    'use a second deployment for further tenants; versions stay because messages in the log are read by them',
  ],
  subscriptions_exhausted: [
    409,
    'as many devices are watched as may be',
    'unsubscribe from devices; where the message names one socket, open a second one',
  ],
  body_oversize: [413, 'the body is larger than the call takes', 'send a smaller body'],
  encoding_unsupported: [
    415,
    'the body has a Content-Encoding that is not read here',
    'use an encoding that Accept-Encoding in the answer lists, or send the body as it is; zstd is read on Node 22.15 and newer',
  ],
  content_type_unsupported: [
    415,
    'the body is of a type that is not decoded',
    'send JSON with a Content-Type that Accept in the answer lists, or with none',
  ],
  websocket_version_unsupported: [
    426,
    'the client asks for another version of WebSocket than 13',
    'send Sec-WebSocket-Version: 13 (RFC 6455)',
  ],
  headers_oversize: [
    431,
    'the request has more than 100 header fields, or a head of more than 32 KiB',
    'send fewer or shorter headers; look at what proxies add',
  ],
  internal: [500, 'an error on the server', 'look for the request in the log of the server, and report it'],
  transfer_encoding_unsupported: [
    501,
    'the body has a transfer encoding other than chunked',
    'send Transfer-Encoding: chunked or Content-Length',
  ],
  http_version_unsupported: [505, 'the request is not of HTTP/1.0 or HTTP/1.1', 'use HTTP/1.1'],
  overloaded: [503, 'too many messages wait for the log', 'try again with backoff'],
  claims_limited: [429, 'ten claims from this address failed within the last minute', 'wait as Retry-After says, and check the code'],
  unavailable: [503, 'the data plane does not answer', 'try again with backoff; /readyz tells why'],
  partition_not_running: [
    503,
    'no process answers for the partition of the device',
    'try again, a partition moves within seconds; or start a process with the role pipeline',
  ],
  state_unwritable: [
    503,
    'the state folder cannot be written',
    'make room on the disk of SPILLWAY_STATE, or mend it, and send the call again: nothing of it was done',
  ],
  database_unavailable: [503, 'the database does not answer, or takes no writes', 'try again with backoff; /readyz tells when it is back'],
} as const satisfies Record<string, readonly [ApiError['status'], string, string]>;

/** Refusals of the data plane that a call can meet, with the status that says them in HTTP. */
const ofPlane = {
  device_unknown: 404,
  device_inactive: 403,
  topic_unknown: 400,
  topic_forbidden: 403,
  credentials_invalid: 401,
  payload_empty: 400,
  payload_oversize: 413,
  connections_exhausted: 503,
  device_over_rate: 429,
  tenant_over_rate: 429,
  proxy_header_invalid: 400,
  shutting_down: 503,
  log_full: 503,
  log_failing: 503,
  state_exhausted: 503,
} as const satisfies Record<string, ApiError['status']>;

export type ApiCode = keyof typeof own | keyof typeof ofPlane;

function build(): Map<string, ApiError> {
  const table = new Map<string, ApiError>();
  for (const [code, [status, cause, wayOut]] of Object.entries(own)) table.set(code, Object.freeze({ code, status, cause, wayOut }));
  for (const { name, cause, wayOut } of refusalCodes) {
    const status = ofPlane[name as keyof typeof ofPlane];
    if (status !== undefined) table.set(name, Object.freeze({ code: name, status, cause, wayOut }));
  }
  return table;
}

/** Every code that a call can be answered with. */
export const apiErrors: ReadonlyMap<string, ApiError> = build();

/** Cause and way out of any code, of calls and of messages. */
export function codeOf(name: string): Pick<ApiError | RefusalCode, 'cause' | 'wayOut'> | undefined {
  return apiErrors.get(name) ?? refusalCodes.find((code) => code.name === name);
}

/** A refused call: an expected failure, so it is returned, never thrown. */
export class ApiFailure {
  readonly error: ApiError;
  readonly message: string;

  /** When the call may be made again, s; undefined: it is not known. */
  readonly retrySeconds: number | undefined;

  /** `attempt` completes "cannot …"; `cause` says more than the table does. */
  constructor(code: ApiCode, attempt: string, cause?: string, retrySeconds?: number) {
    const error = apiErrors.get(code);
    if (!error) throw new Error(`api error ${code} is not in the table`);
    this.error = error;
    this.retrySeconds = retrySeconds;
    this.message = `cannot ${attempt}: ${cause ?? error.cause}`;
  }

  /** The body of the answer. */
  toJSON(): { error: { code: string; message: string; way_out: string } } {
    return { error: { code: this.error.code, message: this.message, way_out: this.error.wayOut } };
  }
}

/** Whether a refusal of the data plane has an answer of its own in HTTP. */
export function isApiCode(name: string): name is ApiCode {
  return apiErrors.has(name);
}
