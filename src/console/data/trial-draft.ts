import { signal } from '@preact/signals';

/** A message to be tried with the topic rules. */
export interface TrialDraft {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The device that is connected; '': the one that the topic names. */
  readonly device: string;
}

/** What another page handed to the page of topic rules; it is too long for an address. */
export const trialDraft = signal<TrialDraft | undefined>(undefined);
