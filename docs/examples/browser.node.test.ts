import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { type Browser, chromium } from 'playwright';
import { build, type InlineConfig, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const executablePath = process.env['PYRGOS_CHROMIUM'];
const root = fileURLToPath(new URL('./browser/', import.meta.url));
const password = 'seven lanterns over quiet water';

/** Bytes of page and workers that the guide promises not to exceed, minified and not compressed. */
// Sessions have friends, shares, links, posts and chats, so their code is in every page that logs in.
const MAX_PAGE = 1_350_000;
const MAX_WORKER = 600_000;

describe.skipIf(executablePath === undefined || executablePath === '')('a page made with Vite (needs a Chromium)', () => {
  let folder: string;
  let daemon: DaemonProcess;
  let server: PreviewServer;
  let browser: Browser;
  let config: InlineConfig;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-page-'));
    daemon = await startDaemonProcess();
    process.env['PYRGOS_SERVER'] = daemon.url;
    config = {
      root,
      configFile: join(root, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: join(folder, 'page'), emptyOutDir: true, chunkSizeWarningLimit: MAX_PAGE },
    };
    await build(config);
    server = await preview({ ...config, preview: { port: 0, host: '127.0.0.1' } });
    browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await daemon?.stop();
    delete process.env['PYRGOS_SERVER'];
    await rm(folder, { recursive: true, force: true });
  });

  test('what is not used is not in it', () => {
    const assets = join(folder, 'page', 'assets');
    const files = readdirSync(assets).map((name) => ({ name, size: statSync(join(assets, name)).size }));
    const worker = files.filter(({ name }) => name.startsWith('worker'));
    // Only pages that forbid WASM fetch the portable back end.
    const page = files.filter(({ name }) => !name.startsWith('worker') && !name.startsWith('portable'));
    const sum = (list: typeof files): number => list.reduce((total, { size }) => total + size, 0);
    expect(worker).toHaveLength(1);
    expect(sum(page)).toBeLessThanOrEqual(MAX_PAGE);
    expect(sum(worker)).toBeLessThanOrEqual(MAX_WORKER);
    const text = files.map(({ name }) => readFileSync(join(assets, name), 'utf8')).join('');
    // Proofs of identity on other services, and backups, are not for a page that lists files.
    expect(text).toContain('secretbox');
    for (const unused of ['friend.annotation', 'https://mastodon']) expect(text).not.toContain(unused);
  });

  test('logs in, uploads with workers and lists, from its own origin', async () => {
    const link = new URL(daemon.signUpLink ?? '');
    const token = link.searchParams.get('token') ?? '';
    const session = await (await connect(daemon.url)).signUp({ username: 'ada', password, token });
    await session.files.write('/ada/notes.txt', new TextEncoder().encode('<b>'));
    const file = join(folder, 'film.bin');
    await writeFile(file, new Uint8Array(11_000_000).fill(5));

    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(server.resolvedUrls?.local[0] ?? '');
    await page.fill('[name=username]', 'ada');
    await page.fill('[name=password]', password);
    await page.setInputFiles('[name=file]', file);
    await page.click('button');
    await page.getByText('Ready.').waitFor({ timeout: 120_000 });
    expect((await page.locator('li').allTextContents()).sort()).toEqual(['film.bin', 'notes.txt']);
    expect(page.workers().length).toBeGreaterThan(0);
    expect((await session.files.read('/ada/film.bin', { start: 10_999_999 })).length).toBe(1);

    await page.fill('[name=password]', 'wrong');
    await page.setInputFiles('[name=file]', []);
    await page.click('button');
    await page.getByText('password is wrong').waitFor({ timeout: 120_000 });
    expect(problems).toEqual([]);
  });
});
