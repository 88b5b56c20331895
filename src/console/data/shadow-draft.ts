import { signal } from '@preact/signals';
import type { VersionForm } from './schemas.js';

/** A schema version that is not made yet. */
export interface ShadowDraft extends VersionForm {
  readonly deviceClass: string;
  readonly firmware: string;
}

/** What the page of a schema handed to the page of shadow runs; it is too long for an address. */
export const shadowDraft = signal<ShadowDraft | undefined>(undefined);
