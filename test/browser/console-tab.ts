import assert from 'node:assert/strict';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { DEADLINE_MS, until } from '../support/until.js';

/** One tab with the console in it, which notes what a healthy console never does. */
export class ConsoleTab {
  /** Errors of the page's scripts, and what it wrote to the browser's console as errors. */
  readonly errors: string[] = [];
  /** Requests to anybody but the appliance. */
  readonly strangers: string[] = [];

  private constructor(
    readonly page: Page,
    readonly address: string,
  ) {
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    const { host } = new URL(address);
    const note = (url: string) => {
      if (new URL(url).host !== host) this.strangers.push(url);
    };
    page.on('request', (request) => note(request.url()));
    page.on('websocket', (socket) => note(socket.url()));
    page.setDefaultTimeout(DEADLINE_MS);
  }

  static async open(browser: Browser, address: string, fragment = '', viewport = { width: 1440, height: 900 }): Promise<ConsoleTab> {
    const page = await (await contextOf(browser)).newPage();
    await page.setViewportSize(viewport);
    const tab = new ConsoleTab(page, address);
    await tab.page.goto(`${address}/${fragment}`);
    return tab;
  }

  async go(fragment: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);
  }

  /** Waits until an expression holds in the page. The page's policy forbids `eval`, so it is asked from here. */
  async until(expression: string): Promise<void> {
    await until(expression, async () => Boolean(await this.page.evaluate(expression))).catch(async (error: Error) => {
      assert.fail(`${error.message}\n${await this.text('body')}`);
    });
  }

  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).first().textContent()) ?? '';
  }

  /** Nothing makes the page wider than the window. */
  async assertFits(): Promise<void> {
    const width = Number(await this.page.evaluate('innerWidth'));
    assert.ok(Number(await this.page.evaluate('document.documentElement.scrollWidth')) <= width, `${this.page.url()}, ${width} wide`);
  }

  /** Nothing went wrong, and nobody else was asked. `expected` are refusals that the test provoked. */
  assertHealthy(expected?: RegExp): void {
    assert.deepEqual(
      this.errors.filter((error) => !expected?.test(error)),
      [],
    );
    assert.deepEqual(this.strangers, []);
  }

  /** What the browser keeps of files that it was sent before is gone. */
  async forgetFiles(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send('Network.clearBrowserCache');
    await session.detach();
  }

  async close(): Promise<void> {
    await this.page.evaluate('localStorage.clear()');
    await this.page.close();
  }
}

/**
 * The one context of all tabs of a browser: a new one opens a window of its own, which costs more than the console in it. Its blank page keeps
 * the window open between tests. The key of the console is in the storage of a tab, so that tabs know nothing of one another.
 */
async function contextOf(browser: Browser): Promise<BrowserContext> {
  const [context] = browser.contexts();
  if (context) return context;
  const made = await browser.newContext();
  await made.newPage();
  return made;
}
