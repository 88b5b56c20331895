import { variableOf } from './setting.js';
import { settings } from './table.js';

/** The table of settings in deploy/SETTINGS.md, as Markdown. */
export function settingsTable(): string {
  const rows = settings.map(({ name, shownDefault, what }) => `| \`${variableOf(name)}\` | ${shownDefault} | ${what} |`);
  return ['| variable | default | what |', '|---|---|---|', ...rows].join('\n');
}
