import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, WebWorld } from './web-world.js';

/** Bytes, compressed with gzip, of everything that a browser fetches before somebody can log in. */
const BUDGET = 300_000;

describe.skipIf(!hasChromium)('the first load (needs a Chromium)', () => {
  let world: WebWorld;
  beforeAll(async () => {
    world = await WebWorld.start();
  });
  afterAll(async () => {
    await world?.stop();
  });

  test('is small until the log-in screen can be used', async () => {
    // What the service worker fetches afterwards, to keep it, keeps nobody waiting.
    const device = await world.device({ serviceWorkers: 'block' });
    const page = await device.newPage();
    const paths = new Set<string>();
    device.on('response', (response) => {
      const { pathname, origin } = new URL(response.url());
      if (origin === new URL(world.daemon.url).origin) paths.add(pathname);
    });
    await page.goto(world.daemon.url, { waitUntil: 'networkidle' });
    await page.getByRole('textbox', { name: 'User name' }).waitFor();
    await page.getByRole('button', { name: 'Log in' }).waitFor();

    const sizes = new Map<string, number>();
    for (const path of paths) {
      const body = new Uint8Array(await (await fetch(new URL(path, world.daemon.url))).arrayBuffer());
      sizes.set(path, gzipSync(body).length);
    }
    // Otherwise nothing was measured.
    expect([...sizes.keys()].filter((path) => path.endsWith('.js')).length).toBeGreaterThan(1);
    // The engine is fetched while somebody types.
    const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    expect(total, JSON.stringify([...sizes])).toBeLessThanOrEqual(BUDGET);

    expect([...paths].some((path) => path.includes('engine.worker'))).toBe(false);
    await page.getByRole('textbox', { name: 'User name' }).press('a');
    await expect.poll(() => [...paths].some((path) => path.includes('engine.worker'))).toBe(true);
  });
});
