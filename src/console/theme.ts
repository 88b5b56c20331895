/** The style sheet's colours, for what is drawn on a canvas. */
export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly accent: string;
  readonly accentSoft: string;
}

let current: Palette | undefined;
const listeners = new Set<() => void>();

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  current = undefined;
  for (const listener of listeners) listener();
});

export function palette(): Palette {
  if (current) return current;
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  current = {
    text: read('--text'),
    muted: read('--muted'),
    grid: read('--grid'),
    accent: read('--accent'),
    accentSoft: read('--accent-soft'),
  };
  return current;
}

/** Calls back when light turns dark or the other way round; returns the way to stop that. */
export function onPaletteChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
