import type { Database } from '../../contract/database.js';
import type { IdentityNews } from '../../contract/identity/news.js';
import { AclRules } from '../acl/acl-rules.js';
import { type ServiceClient, ServiceClients } from '../services/service-clients.js';

/** What changed in the database. */
export interface IdentityChange {
  readonly subject: IdentityNews['subject'];
  readonly tenant: string;
}

/** What is kept of it outside the database. */
export type KeptIdentity =
  | Extract<IdentityNews, { subject: 'acl' }>
  | { readonly subject: 'services'; readonly tenant: string; readonly services: readonly ServiceClient[] };

export interface IdentitiesOptions {
  readonly database: Database;
  /** Resolves when every gateway acts on it. */
  readonly publish: (news: readonly IdentityNews[]) => Promise<void>;
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
      else await identities.services.restore(one.tenant, one.services);
    }
    return identities;
  }

  readonly aclRules: AclRules;
  readonly services: ServiceClients;
  /** Tells other processes what changed. */
  tell: (change: IdentityChange) => Promise<void> = async () => {};
  /** Called with what is new. */
  changed: (kept: KeptIdentity) => void = () => {};

  private constructor({ database, publish }: IdentitiesOptions) {
    const announce = (news: readonly IdentityNews[]) => {
      for (const one of news) this.changed(one as KeptIdentity);
      return publish(news);
    };
    const common = (subject: IdentityChange['subject']) => {
      return { database, publish: announce, tell: (tenant: string) => this.tell({ subject, tenant }) };
    };
    this.aclRules = new AclRules(common('acl'));
    this.services = new ServiceClients(common('services'));
  }

  *kept(): Generator<KeptIdentity> {
    for (const [tenant, rules] of this.aclRules.all()) yield { subject: 'acl', tenant, rules };
    for (const [tenant, services] of this.services.all()) yield { subject: 'services', tenant, services };
  }

  /** Takes up what is in the database: what changed, or everything. */
  async refresh(change?: IdentityChange): Promise<void> {
    if (!change || change.subject === 'acl') await this.aclRules.refresh(change?.tenant);
    if (!change || change.subject === 'services') await this.services.refresh(change?.tenant);
  }
}
