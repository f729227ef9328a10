import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type MockApi, startMockApi } from '@fortfail/console/mock-api';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const root = join(import.meta.dirname, '../../..');
const consoleFolder = join(root, 'apps/console');

/** Where a Chromium is; undefined when there is none, and then the suites say so and are skipped. */
export const chromiumPath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);
export const skipReason = chromiumPath === undefined ? 'no chromium found (apt-get install chromium, or name one in CHROMIUM)' : undefined;
if (skipReason) process.stderr.write(`tests/e2e/console is skipped: ${skipReason}\n`);

export const chromiumFlags = [
  '--no-sandbox',
  '--headless',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The console, built as it is shipped, and a browser. One of both for each file of tests. */
export interface Bench extends AsyncDisposable {
  readonly dist: string;
  readonly browser: Browser;
}

/** Builds the console into a folder of its own, so that files of tests can run side by side. */
export const buildConsole = async (): Promise<string> => {
  const dist = await mkdtemp(join(tmpdir(), 'fortfail-console-'));
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  // The test runner's own NODE_ENV would build React for development.
  const env = { ...process.env, NODE_ENV: 'production' };
  await promisify(execFile)(process.execPath, [vite, 'build', consoleFolder, '--outDir', dist, '--emptyOutDir', '--logLevel', 'error'], {
    env,
  });
  return dist;
};

export const openBench = async (): Promise<Bench> => {
  const dist = await buildConsole();
  const browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: chromiumFlags });
  return {
    dist,
    browser,
    async [Symbol.asyncDispose]() {
      await browser.close();
      await rm(dist, { recursive: true, force: true });
    },
  };
};

export interface VisitOptions {
  readonly signedIn?: boolean;
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** Changes the world before the page reads it. */
  readonly prepare?: (api: MockApi) => void;
}

/** One page on a world of its own. `faults` collects what no page may do: errors, refused content, outside requests. */
export interface Visit extends AsyncDisposable {
  readonly api: MockApi;
  readonly page: Page;
  readonly context: BrowserContext;
  readonly faults: readonly string[];
  open(path: string): Promise<void>;
}

/** Notes what no page may do. */
export const watch = (page: Page, url: string, faults: string[]): void => {
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A refused call is told by the browser as an error of the network; the pages handle it.
    const isNetwork = /Failed to load resource|WebSocket connection/.test(message.text());
    if (message.type() === 'error' && !isNetwork) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith(url.replace('http', 'ws'))) faults.push(`outside: ${request.url()}`);
  });
};

export const visit = async ({ browser, dist }: Bench, options: VisitOptions = {}): Promise<Visit> => {
  const api = await startMockApi({ dist, now: () => Date.now(), signedIn: options.signedIn ?? true });
  options.prepare?.(api);
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
    timezoneId: 'Europe/Paris',
    locale: 'en-GB',
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const faults: string[] = [];
  watch(page, api.url, faults);
  return {
    api,
    page,
    context,
    faults,
    open: async (path) => {
      await page.goto(api.url + path);
    },
    async [Symbol.asyncDispose]() {
      await context.close();
      await api[Symbol.asyncDispose]();
    },
  };
};
