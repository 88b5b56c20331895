/** A page that was just fetched anew is not fetched again so soon, whatever the appliance answers. */
const reloadMsMin = 10_000;
const item = 'spillway.reloaded_ms';

/** Which build of the console the appliance has: this page's own, another since it was upgraded, or no answer. */
export async function readBuild(): Promise<'own' | 'other' | 'away'> {
  const own = document.querySelector<HTMLScriptElement>('script[type="module"]')?.getAttribute('src') ?? '';
  try {
    const answer = await fetch('/', { cache: 'no-store', signal: AbortSignal.timeout(5000) });
    if (!answer.ok) return 'away';
    return (await answer.text()).includes(own) ? 'own' : 'other';
  } catch {
    return 'away';
  }
}

/** Fetches the page anew. Address and admin key stay, so it opens where it was. False: that was done a moment ago. */
export function reload(): boolean {
  const nowMs = Date.now();
  if (nowMs - Number(sessionStorage.getItem(item)) < reloadMsMin) return false;
  sessionStorage.setItem(item, String(nowMs));
  location.reload();
  return true;
}
