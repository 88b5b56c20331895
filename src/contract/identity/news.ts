import type { AclRule } from '../acl/acl.js';
import type { AuthorityEntry } from './authority.js';
import type { CredentialEntry } from './credential.js';
import type { IssuerEntry } from './issuer.js';
import type { ServiceEntry } from './service.js';

/** What is new of who may do what; each replaces what was known of its tenant or device. */
export type IdentityNews =
  | { readonly subject: 'acl'; readonly tenant: string; readonly rules: readonly AclRule[] }
  | { readonly subject: 'services'; readonly tenant: string; readonly services: readonly ServiceEntry[] }
  | { readonly subject: 'issuers'; readonly tenant: string; readonly issuers: readonly IssuerEntry[] }
  | { readonly subject: 'authorities'; readonly tenant: string; readonly authorities: readonly AuthorityEntry[] }
  /** `device`: its number. */
  | { readonly subject: 'credentials'; readonly device: number; readonly credentials: readonly CredentialEntry[] };
