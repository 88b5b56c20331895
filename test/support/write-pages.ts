import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsTable } from '../../src/config/page.js';
import { root } from '../source-tree.js';

/** The page of settings with its table printed anew; the text around it stays. */
export function settingsPage(page: string): string {
  return page.replace(/^\| variable \|.*\n(\|.*\n)*/m, `${settingsTable()}\n`);
}

if (process.argv[1]?.endsWith('write-pages.js')) {
  const path = join(root, 'deploy/SETTINGS.md');
  writeFileSync(path, settingsPage(readFileSync(path, 'utf8')));
}
