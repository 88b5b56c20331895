import { formatRoute, parseSignIn } from './route.js';

const item = 'spillway.admin_key';

/** The admin key lives as long as the tab: sessionStorage, never a cookie, so no other site can make the browser send it. */
export function readKey(): string | undefined {
  return sessionStorage.getItem(item) ?? undefined;
}

export function keepKey(key: string): void {
  sessionStorage.setItem(item, key);
}

export function forgetKey(): void {
  sessionStorage.removeItem(item);
}

/** Takes the key out of a `#key=…` link and out of the address and the history at once. */
export function takeKeyFromAddress(): boolean {
  const signIn = parseSignIn(location.hash);
  if (!signIn) return false;
  history.replaceState(null, '', formatRoute({ page: 'fleet', tenant: signIn.tenant }));
  keepKey(signIn.key);
  return true;
}
