import type { Part } from '../part.js';
import { credentialExpiry } from './expiry.js';
import { type CredentialRoutesOptions, credentialRoutes } from './routes.js';

/** Credentials of devices over the API, and a warning before they end. */
export function credentialsPart(options: CredentialRoutesOptions): Part {
  return { role: 'control', routes: credentialRoutes(options), ...credentialExpiry(options.credentials) };
}
