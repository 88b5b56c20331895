import type { Part } from '../part.js';
import { type CredentialRoutesOptions, credentialRoutes } from './routes.js';

/** Credentials of devices over the API. */
export function credentialsPart(options: CredentialRoutesOptions): Part {
  return { role: 'control', routes: credentialRoutes(options) };
}
