// Types alone: the schemas that they come from stay out of the page's bundle.
import type { DevicesAnswer, RangeAnswer, TenantsAnswer } from '../../contract/answers/devices.js';
import type { DeviceLedgerAnswer } from '../../contract/answers/ledger.js';
import type { DepthAnswer } from '../../contract/answers/letters.js';
import type { AlertsAnswer, DeadLettersAnswer, StatsAnswer } from '../../contract/answers/operation.js';

/** The page knows devices by tenant and id, never by number. */
export type Device = Omit<DevicesAnswer['devices'][number], 'number'>;
export type Reading = RangeAnswer['points'][number];
/** `unit`: absent where nothing says it, and in live readings. */
export type LatestReading = Reading & { readonly unit?: string | undefined };
export type Value = Reading['value'];
export type Tenant = TenantsAnswer['tenants'][number];
export type Alert = AlertsAnswer['alerts'][number];
export type DeadLetter = DeadLettersAnswer['dead_letters'][number];
export type LetterDepth = DepthAnswer['tenants'][number];
export type Ledger = DeviceLedgerAnswer;
export type DevicePage = Pick<DevicesAnswer, 'total' | 'matched' | 'next'> & { readonly devices: readonly Device[] };
export type MetricPoints = Pick<RangeAnswer, 'points' | 'truncated'>;
export type { AclCheckAnswer as AclCheck, AclRulesAnswer as AclRules } from '../../contract/answers/acl.js';
export type { AuditAnswer as Audit } from '../../contract/answers/audit.js';
export type {
  CodecAnswer as Codec,
  CodecsAnswer as Codecs,
  CodecTrialAnswer as CodecTrial,
  CodecWithUsersAnswer as CodecWithUsers,
} from '../../contract/answers/codecs.js';
export type { CredentialMadeAnswer as CredentialMade, CredentialsAnswer as Credentials } from '../../contract/answers/credentials.js';
export type {
  CaptureAnswer as Capture,
  CapturedAnswer as Captured,
  CapturedMessagesAnswer as CapturedMessages,
} from '../../contract/answers/debug.js';
export type {
  ImportAnswer as Imported,
  RegisteredAnswer as Registered,
  RotatedAnswer as RotatedToken,
  TenantTimeZoneAnswer as TenantTimeZone,
} from '../../contract/answers/devices.js';
export type { GroupMembersAnswer as GroupMembers, GroupsAnswer as Groups } from '../../contract/answers/groups.js';
export type { KeyMadeAnswer as KeyMade, KeysAnswer as Keys } from '../../contract/answers/keys.js';
export type { ReplayAnswer as Replay, RetriedAnswer as Retried } from '../../contract/answers/letters.js';
export type { LagAnswer as Lag } from '../../contract/answers/operation.js';
export type {
  PackAnswer as Pack,
  PackInstallAnswer as PackInstall,
  PackKeyAnswer as PackKey,
  PackKeysAnswer as PackKeys,
  PackReportAnswer as PackReport,
  PackShownAnswer as PackShown,
  PacksAnswer as Packs,
} from '../../contract/answers/packs.js';
export type {
  CompatibilityAnswer as Compatibility,
  SchemaAnswer as Schema,
  SchemaDiffAnswer as SchemaDiff,
  SchemasAnswer as Schemas,
  SchemaTrialAnswer as SchemaTrial,
  SchemaVersionsAnswer as SchemaVersions,
} from '../../contract/answers/schemas.js';
export type { ServiceMadeAnswer as ServiceMade, ServicesAnswer as Services } from '../../contract/answers/services.js';
export type {
  MessagePublishedAnswer as MessagePublished,
  RetainedAnswer as Retained,
  SessionAnswer as Session,
  SessionsAnswer as Sessions,
} from '../../contract/answers/sessions.js';
export type { ShadowRunAnswer as ShadowRun, ShadowRunsAnswer as ShadowRuns } from '../../contract/answers/shadow-runs.js';
export type { TopicRulesAnswer as TopicRules, TopicRuleTrialAnswer as TopicRuleTrial } from '../../contract/answers/topic-rules.js';
/** The counters that the page shows are numbers; others are counts by code. */
export type Stats = Omit<StatsAnswer, 'counters'> & { readonly counters: { readonly dead: number; readonly rowsRefused: number } };

/** An answer that is not the one asked for. `unreachable` and `no_answer` are the page's own codes. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly wayOut: string;
}

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };
