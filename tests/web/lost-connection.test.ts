import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { hasChromium, picture, WebWorld } from './web-world.js';

describe.skipIf(!hasChromium)('a server that goes away (needs a Chromium)', () => {
  let world: WebWorld;
  let page: Page;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-web-'));
    world = await WebWorld.start();
    page = await world.open(await world.device());
    await world.signUp(page, 'ada');
  });
  afterAll(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('an upload that was cut off goes on when the server is back', async () => {
    await writeFile(join(folder, 'long.bin'), randomBytes(60_000_000));
    await page.getByLabel('Files …', { exact: true }).setInputFiles(join(folder, 'long.bin'));
    await page.getByText(/[1-9]\d* MB of 60 MB/u).waitFor();
    await world.daemon.kill();
    await world.daemon.restart();
    // It has gone on by itself, or says what has happened and offers to.
    const row = page.getByRole('row', { name: 'long.bin' });
    const goOn = page.getByRole('button', { name: 'Go on with the rest' });
    await row.or(goOn).first().waitFor({ timeout: 60_000 });
    if (await goOn.isVisible()) {
      await picture(page, 'connection-lost');
      await goOn.click();
    }
    await row.waitFor({ timeout: 60_000 });
  }, 150_000);

  test('the page itself opens without the server', async () => {
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await world.daemon.kill();
    await page.reload();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await picture(page, 'offline');
    await world.daemon.restart();
  }, 60_000);
});
