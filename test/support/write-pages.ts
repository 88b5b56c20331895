import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { settingsTable } from '../../src/config/page.js';
import type { EventTable } from '../../src/telemetry/events.js';
import { root } from '../source-tree.js';

/** The page of settings with its table printed anew; the text around it stays. */
export function settingsPage(page: string): string {
  return page.replace(/^\| variable \|.*\n(\|.*\n)*/m, `${settingsTable()}\n`);
}

/** The runbook with its table of events printed anew; the text around it stays. */
export function runbookPage(page: string, events: EventTable): string {
  const rows = Object.entries(events).map(([name, { level, happened, action }]) => {
    return `| \`${name}\` | ${[level].flat().join(' or ')} | ${happened} | ${action} |`;
  });
  const head = ['| event | level | what happened | what to do |', '|---|---|---|---|'];
  return page.replace(/^\| event \|.*\n(\|.*\n)*/m, `${[...head, ...rows.sort()].join('\n')}\n`);
}

/** The events of every room. */
export async function allEvents(): Promise<EventTable> {
  const sources = join(root, 'dist', 'src');
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) => /[/\\]events\.js$/.test(file));
  const tables = await Promise.all(
    files.map((file) => import(pathToFileURL(join(sources, file)).href) as Promise<Record<string, EventTable>>),
  );
  return Object.assign({}, ...tables.flatMap((table) => Object.values(table)));
}

if (process.argv[1]?.endsWith('write-pages.js')) {
  const write = (page: string, print: (text: string) => string) => {
    const path = join(root, 'deploy', page);
    writeFileSync(path, print(readFileSync(path, 'utf8')));
  };
  const events = await allEvents();
  write('SETTINGS.md', settingsPage);
  write('RUNBOOK.md', (page) => runbookPage(page, events));
}
