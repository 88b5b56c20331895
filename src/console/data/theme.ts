import { computed, signal } from '@preact/signals';

/** The style sheet's colours, for what is drawn on a canvas. */
export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly accent: string;
  readonly accentSoft: string;
}

const changes = signal(0);

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  changes.value++;
});

/** Read anew when light turns dark or the other way round. */
export const palette = computed<Palette>(() => {
  changes.value;
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: read('--text'),
    muted: read('--muted'),
    grid: read('--grid'),
    accent: read('--accent'),
    accentSoft: read('--accent-soft'),
  };
});
