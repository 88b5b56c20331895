import { signal } from '@preact/signals';
import type { RefusalsAnswer } from '../../contract/answers/operation.js';

type Reason = { readonly cause: string; readonly wayOut: string };

/** By name; empty before the appliance has answered. */
const reasons = signal<ReadonlyMap<string, Reason>>(new Map());
let isAsked = false;

/**
 * Why a message of this reason was not stored, and what helps; undefined for a reason that the appliance does not know, and before it
 * has listed them. Whoever reads it while drawing is drawn again then.
 */
export function reasonOf(name: string): Reason | undefined {
  if (!isAsked) {
    isAsked = true;
    void load();
  }
  return reasons.value.get(name);
}

async function load(): Promise<void> {
  try {
    const answer = (await (await fetch('/v1/refusals')).json()) as RefusalsAnswer;
    reasons.value = new Map(answer.refusals.map(({ code, cause, way_out: wayOut }) => [code, { cause, wayOut }]));
  } catch {
    // The next page that needs them asks again.
    isAsked = false;
  }
}
