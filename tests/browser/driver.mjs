// Drives headless Chromium for the tests (`tests/src/browser.rs`): a JSON object a line comes in on standard input, one
// goes out for each, in order: `{"value": …}`, or `{"error": "…"}` with what went wrong.
//
// Usage: node driver.mjs FOLDER, where FOLDER/node_modules has playwright-core and axe-core.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(`${process.argv[2]}/`);
const { chromium } = require('playwright-core');

/** What axe-core holds against a page: WCAG 2.2's levels A and AA, and what its makers found to be good practice. */
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const CHECK = `axe.run({ runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html + ': ' + failureSummary)))`;

// The tests run as root, where Chromium's sandbox does not; everything that would talk to its maker is off.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

// Less than `LIMIT` in `tests/src/browser.rs`, so that it is told what took so long.
const PATIENCE = 90_000;

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS, timeout: PATIENCE });

/** Every page by its number: what drives it, and what went wrong on it. */
const pages = new Map();

const commands = {
  async open({ page: number, url, script, look: { width, height, dark, still, touch } }) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? 'dark' : 'light',
      reducedMotion: still ? 'reduce' : 'no-preference',
      hasTouch: touch,
      isMobile: touch,
      locale: 'en-GB',
      timezoneId: 'UTC',
    });
    context.setDefaultTimeout(PATIENCE);
    await context.addInitScript(script);
    const page = await context.newPage();
    const troubles = { exceptions: [], console: [], failed: [], outside: [], dialogs: [] };
    pages.set(number, { page, troubles, session: await context.newCDPSession(page) });
    const { origin } = new URL(url);
    page.on('pageerror', (error) => troubles.exceptions.push(String(error.stack ?? error)));
    page.on('console', (message) => {
      // A violation of the Content-Security-Policy is such an error, too.
      if (message.type() === 'error' || message.type() === 'warning') {
        troubles.console.push(`${message.text()} (${message.location().url})`);
      }
    });
    page.on('dialog', async (dialog) => {
      troubles.dialogs.push(`${dialog.type()}: ${dialog.message()}`);
      await dialog.dismiss();
    });
    page.on('request', (request) => {
      const to = new URL(request.url());
      if (to.origin !== origin && to.protocol !== 'data:') troubles.outside.push(request.url());
    });
    page.on('requestfailed', (request) => {
      troubles.failed.push(`${request.url()}: ${request.failure()?.errorText}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) troubles.failed.push(`${response.url()}: status ${response.status()}`);
    });
    // The event stream never ends, so the network never rests.
    await page.goto(url, { waitUntil: 'load' });
  },

  evaluate: ({ page, expression }) => evaluate(at(page).session, expression),

  /** What axe-core finds, a text an element. The debugger runs it, so the page's Content-Security-Policy stays in force. */
  async violations({ page }) {
    const { session } = at(page);
    const { frameTree } = await session.send('Page.getFrameTree');
    // In a world of its own the page sees nothing of it.
    const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'axe',
    });
    await evaluate(session, `${AXE};0`, { contextId });
    return evaluate(session, CHECK, { contextId });
  },

  /** The element that has the keyboard's focus, as a screen reader is told of it. */
  async focused({ page }) {
    const { nodes } = await at(page).session.send('Accessibility.getFullAXTree');
    const has = (node) => node.properties?.some(({ name, value }) => name === 'focused' && value.value);
    // The document has it too, around whatever has it within.
    const node = nodes.filter(has).at(-1);
    const text = (field) => node?.[field]?.value ?? '';
    return { role: text('role'), name: text('name'), description: text('description') };
  },

  /** What a screen reader finds within an element, as playwright writes it down. */
  aria: ({ page, selector }) => at(page).page.locator(selector).first().ariaSnapshot(),
  press: ({ page, key }) => at(page).page.keyboard.press(key),
  type: ({ page, text }) => at(page).page.keyboard.type(text),
  click: ({ page, selector }) => at(page).page.locator(selector).first().click(),
  hover: ({ page, selector }) => at(page).page.locator(selector).first().hover(),
  move: ({ page, x, y }) => at(page).page.mouse.move(x, y),
  button: ({ page, down }) => (down ? at(page).page.mouse.down() : at(page).page.mouse.up()),
  wheel: ({ page, dx, dy }) => at(page).page.mouse.wheel(dx, dy),

  async screenshot({ page, path }) {
    await at(page).page.screenshot({ path });
  },

  /** Bytes that JavaScript's values take when all that is done with is thrown away. */
  async heap({ page }) {
    const { session } = at(page);
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize;
  },

  troubles: ({ page }) => at(page).troubles,

  async close({ page }) {
    await at(page).page.context().close();
    pages.delete(page);
  },
};

async function evaluate(session, expression, more = {}) {
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression,
    awaitPromise: true,
    returnByValue: true,
    userGesture: true,
    ...more,
  });
  if (exceptionDetails) {
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }
  return result.value;
}

function at(number) {
  const page = pages.get(number);
  if (!page) throw new Error(`no page ${number}`);
  return page;
}

process.stdout.write('{"value":"ready"}\n');
for await (const line of createInterface({ input: process.stdin })) {
  const { do: command, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await commands[command](given)) ?? null };
  } catch (error) {
    answer = { error: String(error.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
