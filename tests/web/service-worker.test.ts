import type { BrowserContext, CDPSession, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wav } from './sample-files.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

describe.skipIf(!hasChromium)('a service worker that the browser ends (needs a Chromium)', () => {
  let world: WebWorld;
  let device: BrowserContext;
  let page: Page;
  let line: CDPSession;
  /** Whether every request for blocks takes seconds. */
  let isSlow = false;
  beforeAll(async () => {
    world = await WebWorld.start();
    device = await world.device();
    // Before any worker is ended: later nobody would answer that it is set up.
    await device.route(/block\/get/u, async (route) => {
      if (isSlow) await new Promise((resolve) => setTimeout(resolve, 3000));
      await route.continue();
    });
    page = await world.open(device);
    await world.signUp(page, 'ada');
    await page.getByLabel('Files …', { exact: true }).setInputFiles([
      { name: 'tone.wav', mimeType: 'audio/wav', buffer: wav(120) },
      { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('note') },
      { name: 'long.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(40_000_000, 'x') },
    ]);
    await page.getByText('3 files uploaded').waitFor();
    line = await device.newCDPSession(page);
    await line.send('ServiceWorker.enable');
  });
  afterAll(async () => {
    await world?.stop();
  });
  const open = async (): Promise<void> => {
    await page.getByRole('grid').getByRole('button', { name: 'tone.wav' }).click();
    await expect.poll(async () => player().evaluate((element: HTMLAudioElement) => Math.round(element.duration))).toBe(120);
  };
  const player = (): ReturnType<Page['getByLabel']> => page.getByLabel('tone.wav');
  const seek = async (seconds: number): Promise<void> => {
    await player().evaluate(async (element: HTMLAudioElement, to) => {
      element.currentTime = to;
      await new Promise((resolve) => {
        element.addEventListener('seeked', resolve, { once: true });
      });
    }, seconds);
  };

  test('an address that was given out before is still answered', async () => {
    await open();
    const { src } = await player().evaluate((element: HTMLAudioElement) => ({ src: element.src }));
    await line.send('ServiceWorker.stopAllWorkers');
    const answers = await page.evaluate(
      async (address) =>
        Promise.all(
          ['bytes=0-3', 'bytes=8000000-8000009'].map(async (range) => {
            const { status, headers, body } = await fetch(address, { headers: { range } }).then(async (response) => ({
              status: response.status,
              headers: response.headers,
              body: await response.arrayBuffer(),
            }));
            return [status, headers.get('content-range'), body.byteLength];
          }),
        ),
      src,
    );
    expect(answers).toEqual([
      [206, 'bytes 0-3/11520044', 4],
      [206, 'bytes 8000000-8000009/11520044', 10],
    ]);
  });

  test('what plays goes on at other places, again and again', async () => {
    for (const place of [100, 30, 115]) {
      await line.send('ServiceWorker.stopAllWorkers');
      await seek(place);
      expect(await player().evaluate((element: HTMLAudioElement) => element.currentTime)).toBe(place);
    }
    await page.getByRole('button', { name: 'Back to the folder' }).click();
  });

  test('a download that was cut off says so', async () => {
    // What is in the memory of the page would not be slow.
    await page.reload();
    await world.logIn(page, 'ada');
    await page.getByRole('row', { name: 'long.bin' }).getByRole('gridcell').first().click();
    // So slow that it is still under way.
    isSlow = true;
    await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    await page.getByText(/^[1-9].* of 40 MB/u).waitFor();
    await line.send('ServiceWorker.stopAllWorkers');
    await page.getByText('The browser has stopped this download.').waitFor();
    await picture(page, 'download-broken');
    isSlow = false;
  });
});
