import type { Database } from '../../contract/database.js';
import type { IdentityNews } from '../../contract/identity/news.js';
import type { SecretBox } from '../../contract/secret-box.js';
import type { Report } from '../../telemetry/report.js';
import { AclRules } from '../acl/acl-rules.js';
import { type Authority, TenantAuthorities } from '../authorities/tenant-authorities.js';
import { DeviceCredentials, type OwnedCredential } from '../credentials/device-credentials.js';
import type { credentialsEvents } from '../credentials/events.js';
import { type TokenIssuer, TokenIssuers } from '../issuers/token-issuers.js';
import { type ServiceClient, ServiceClients } from '../services/service-clients.js';
import { DeviceProofs } from './device-proofs.js';

/** What changed in the database. */
export type IdentityChange =
  | { readonly subject: 'acl' | 'services' | 'issuers' | 'authorities'; readonly tenant: string }
  /** `device`: its number. */
  | { readonly subject: 'credentials'; readonly device: number };

/** What is kept of it outside the database. */
export type KeptIdentity =
  | Extract<IdentityNews, { subject: 'acl' }>
  | { readonly subject: 'services'; readonly tenant: string; readonly services: readonly ServiceClient[] }
  | { readonly subject: 'issuers'; readonly tenant: string; readonly issuers: readonly TokenIssuer[] }
  | { readonly subject: 'authorities'; readonly tenant: string; readonly authorities: readonly Authority[] }
  | { readonly subject: 'credentials'; readonly device: number; readonly credentials: readonly OwnedCredential[] };

export interface IdentitiesOptions {
  readonly database: Database;
  /** Seals secrets that have to be read again. */
  readonly box: SecretBox;
  /** Resolves when every gateway acts on it. */
  readonly publish: (news: readonly IdentityNews[]) => Promise<void>;
  readonly event: Report<keyof typeof credentialsEvents>;
}

/** Who may connect beside devices with their tokens, and who may use which topics: as the database has it, known to the gateways. */
export class Identities {
  static async load(options: IdentitiesOptions): Promise<Identities> {
    const identities = new Identities(options);
    await identities.refresh();
    return identities;
  }

  /** As it was when the database was last there; `refresh` follows once it is. */
  static async restore(options: IdentitiesOptions, kept: Iterable<KeptIdentity>): Promise<Identities> {
    const identities = new Identities(options);
    for (const one of kept) {
      if (one.subject === 'acl') await identities.aclRules.restore(one.tenant, one.rules);
      else if (one.subject === 'services') await identities.services.restore(one.tenant, one.services);
      else if (one.subject === 'issuers') await identities.issuers.restore(one.tenant, one.issuers);
      else if (one.subject === 'authorities') await identities.authorities.restore(one.tenant, one.authorities);
      else await identities.credentials.restore(one.device, one.credentials);
    }
    return identities;
  }

  readonly aclRules: AclRules;
  readonly services: ServiceClients;
  readonly credentials: DeviceCredentials;
  readonly issuers: TokenIssuers;
  readonly authorities: TenantAuthorities;
  /** For calls of this process. */
  readonly proofs: DeviceProofs;
  readonly box: SecretBox;
  /** Tells other processes what changed. */
  tell: (change: IdentityChange) => Promise<void> = async () => {};
  /** Called with what is new. */
  changed: (kept: KeptIdentity) => void = () => {};

  private constructor({ database, box, publish, event }: IdentitiesOptions) {
    this.box = box;
    const announce = (news: readonly IdentityNews[]) => {
      for (const one of news) this.changed(one as KeptIdentity);
      return publish(news);
    };
    const common = (subject: 'acl' | 'services') => {
      return { database, publish: announce, tell: (tenant: string) => this.tell({ subject, tenant }) };
    };
    this.aclRules = new AclRules(common('acl'));
    this.services = new ServiceClients(common('services'));
    this.credentials = new DeviceCredentials({
      ...{ database, box, publish, event },
      keep: (device, credentials) => this.changed({ subject: 'credentials', device, credentials }),
      tell: (device) => this.tell({ subject: 'credentials', device }),
    });
    this.issuers = new TokenIssuers({
      ...{ database, publish },
      keep: (tenant, issuers) => this.changed({ subject: 'issuers', tenant, issuers }),
      tell: (tenant) => this.tell({ subject: 'issuers', tenant }),
    });
    this.authorities = new TenantAuthorities({
      ...{ database, publish },
      keep: (tenant, authorities) => this.changed({ subject: 'authorities', tenant, authorities }),
      tell: (tenant) => this.tell({ subject: 'authorities', tenant }),
    });
    this.proofs = new DeviceProofs(this.credentials, this.issuers);
  }

  *kept(): Generator<KeptIdentity> {
    for (const [tenant, rules] of this.aclRules.all()) yield { subject: 'acl', tenant, rules };
    for (const [tenant, services] of this.services.all()) yield { subject: 'services', tenant, services };
    for (const [tenant, issuers] of this.issuers.all()) yield { subject: 'issuers', tenant, issuers };
    for (const [tenant, authorities] of this.authorities.all()) yield { subject: 'authorities', tenant, authorities };
    for (const [device, credentials] of this.credentials.all()) yield { subject: 'credentials', device, credentials };
  }

  /** Takes up what is in the database: what changed, or everything. */
  async refresh(change?: IdentityChange): Promise<void> {
    if (!change || change.subject === 'acl') await this.aclRules.refresh(change?.tenant);
    if (!change || change.subject === 'services') await this.services.refresh(change?.tenant);
    if (!change || change.subject === 'issuers') await this.issuers.refresh(change?.tenant);
    if (!change || change.subject === 'authorities') await this.authorities.refresh(change?.tenant);
    if (!change || change.subject === 'credentials') await this.credentials.refresh(change?.device);
  }
}
