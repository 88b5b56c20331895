import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settings } from '../../src/config/table.js';
import { textOf } from '../source-tree.js';
import { settingsPage } from '../support/write-pages.js';

test('deploy/SETTINGS.md has the table that npm run docs prints', () => {
  const page = textOf('deploy/SETTINGS.md');
  assert.ok(page === settingsPage(page), 'npm run docs prints another table');
  assert.ok(page.split('\n').filter((line) => line.startsWith('| `SPILLWAY_')).length >= settings.length);
});
