import { computed, effect, signal } from '@preact/signals';

/** The style sheet's colours, for what is drawn on a canvas. */
export interface Palette {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly accent: string;
  readonly accentSoft: string;
}

export type Theme = 'light' | 'dark';

const item = 'spillway.theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(system.matches);
/** What somebody chose; undefined: as the system has it. */
const chosen = signal(localStorage.getItem(item) as Theme | null);

export const theme = computed<Theme>(() => chosen.value ?? (systemDark.value ? 'dark' : 'light'));

system.addEventListener('change', () => {
  systemDark.value = system.matches;
});

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

/** Turns light into dark and back. The choice of what the system has is forgotten, so that it follows the system again. */
export function turnTheme(): void {
  const next: Theme = theme.peek() === 'dark' ? 'light' : 'dark';
  if ((next === 'dark') === systemDark.peek()) localStorage.removeItem(item);
  else localStorage.setItem(item, next);
  chosen.value = localStorage.getItem(item) as Theme | null;
}

/** Read anew when light turns dark or the other way round. */
export const palette = computed<Palette>(() => {
  document.documentElement.dataset.theme = theme.value;
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
