import { signal } from '@preact/signals';

/** The clock of all pages, ms of the Unix epoch. It moves once a second and stands still while the page is hidden. */
export const nowMs = signal(Date.now());
