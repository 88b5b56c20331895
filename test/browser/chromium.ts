import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

export const noChromium = 'no Chromium found: install it (Debian: apt-get install chromium) or set SPILLWAY_CHROMIUM';

const places = [
  '/usr/bin/chromium',
  'chromium',
  'chromium-browser',
  'google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The system's Chromium: SPILLWAY_CHROMIUM, or the first of the usual places. */
export function findChromium(): string | undefined {
  const named = process.env.SPILLWAY_CHROMIUM;
  if (named) return executable(named);
  for (const place of places) {
    const found = executable(place);
    if (found) return found;
  }
  return undefined;
}

function executable(place: string): string | undefined {
  const files = isAbsolute(place) ? [place] : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, place));
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A headless browser that asks nobody else for anything. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(noChromium);
  return await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
