import { connect } from '@pyrgos/client';
import type { BrowserContext, Page, Request } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wav } from './sample-files.js';
import { hasChromium, PASSWORD, WebWorld } from './web-world.js';

/** Some 96 MB: a hundred blocks, of which a player needs a few. */
const SECONDS = 1000;
/** A hundredth of a second, as text of which every character is a byte. */
const SMALL = wav(0.01).toString('latin1');

describe.skipIf(!hasChromium)('media are read where they are played (needs a Chromium)', () => {
  let world: WebWorld;
  let device: BrowserContext;
  let page: Page;
  let size = 0;
  /** Blocks that were asked for, and of those the requests that were given up. */
  let asked = 0;
  let givenUp = 0;
  /** While blocks are held back: those that wait. */
  let held: (() => void)[] | undefined;
  beforeAll(async () => {
    world = await WebWorld.start();
    const { files } = await (await connect(world.daemon.url)).signUp({ username: 'ada', password: PASSWORD });
    const sound = wav(SECONDS);
    size = sound.length;
    await files.write('/ada/long.wav', sound);
    await files.write('/ada/small.wav', wav(0.01));
    device = await world.device();
    const isBlock = (request: Request): boolean => request.url().includes('/block/get');
    device.on('request', (request) => {
      if (isBlock(request)) asked++;
    });
    device.on('requestfailed', (request) => {
      if (isBlock(request)) givenUp++;
    });
    await device.route(/block\/get/u, async (route) => {
      if (held !== undefined) await new Promise<void>((resolve) => held?.push(resolve));
      // One that was given up meanwhile cannot go on.
      await route.continue().catch(() => undefined);
    });
    page = await world.open(device);
    await world.logIn(page, 'ada');
  }, 120_000);
  afterAll(async () => {
    for (const go of held ?? []) go();
    await world?.stop();
  });

  const player = (): ReturnType<Page['getByLabel']> => page.getByLabel('long.wav');
  const open = async (name: string): Promise<void> => {
    await page.getByRole('grid').getByRole('button', { name }).click();
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  };
  const close = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Back to the folder' }).click();
    await page.getByRole('grid').waitFor();
  };
  const addressOf = async (name: string): Promise<string> =>
    page.locator(`audio[aria-label="${name}"]`).evaluate((element: HTMLAudioElement) => element.src);
  /** What the service worker answers to a range: status, `Content-Range`, `Content-Length`, and the bytes. */
  const answer = async (address: string, range: string | undefined): Promise<readonly [number, string | null, string | null, string]> =>
    page.evaluate(
      async ([url, wanted]) => {
        const response = await fetch(url, wanted === undefined ? {} : { headers: { range: wanted } });
        const { status, headers } = response;
        const bytes = new Uint8Array(await response.arrayBuffer());
        return [status, headers.get('content-range'), headers.get('content-length'), String.fromCharCode(...bytes)] as const;
      },
      [address, range] as const,
    );

  test('the end of a long piece of sound is played without what lies before it', async () => {
    await open('long.wav');
    await expect
      .poll(async () => player().evaluate((element: HTMLAudioElement) => Math.round(element.duration)), { timeout: 60_000 })
      .toBe(SECONDS);
    await player().evaluate(async (element: HTMLAudioElement, to) => {
      element.muted = true;
      element.currentTime = to;
      await element.play();
      // It plays on at the new place.
      await new Promise<void>((resolve) => {
        element.addEventListener('timeupdate', function listener() {
          if (element.currentTime <= to) return;
          element.removeEventListener('timeupdate', listener);
          resolve();
        });
      });
      element.pause();
    }, SECONDS - 10);
    const blocks = Math.ceil(size / 1_048_576);
    expect(blocks).toBeGreaterThan(90);
    expect(asked).toBeGreaterThan(1);
    expect(asked).toBeLessThan(blocks / 2);
    // Back to what was played before, and to the middle.
    for (const place of [1, SECONDS / 2]) {
      await player().evaluate(async (element: HTMLAudioElement, to) => {
        const isThere = new Promise((resolve) => {
          element.addEventListener('seeked', resolve, { once: true });
        });
        element.currentTime = to;
        await isThere;
      }, place);
    }
    expect(asked).toBeLessThan(blocks);
  });

  test('ranges at both ends of a large file, in pieces that are cut right', async () => {
    const address = await addressOf('long.wav');
    expect(await answer(address, 'bytes=0-3')).toEqual([206, `bytes 0-3/${size}`, '4', 'RIFF']);
    expect(await answer(address, 'bytes=8-11')).toEqual([206, `bytes 8-11/${size}`, '4', 'WAVE']);
    const [status, range, length, content] = await answer(address, `bytes=${5 * 1_048_576 - 2}-${5 * 1_048_576 + 1}`);
    expect([status, range, length]).toEqual([206, `bytes 5242878-5242881/${size}`, '4']);
    expect(content.length).toBe(4);
    expect((await answer(address, `bytes=${size - 1}-`)).slice(0, 3)).toEqual([206, `bytes ${size - 1}-${size - 1}/${size}`, '1']);
    expect((await answer(address, `bytes=${size}-`)).slice(0, 2)).toEqual([416, `bytes */${size}`]);
  });

  test('who does not want any more of it keeps nobody reading', async () => {
    const address = await addressOf('long.wav');
    const before = givenUp;
    held = [];
    const result = page.evaluate(async (url) => {
      const stop = new AbortController();
      (globalThis as { stopReading?: () => void }).stopReading = () => {
        stop.abort();
      };
      try {
        const response = await fetch(url, { signal: stop.signal, headers: { range: 'bytes=40000000-90000000' } });
        return String((await response.arrayBuffer()).byteLength);
      } catch (error) {
        return error instanceof Error ? error.name : 'no error';
      }
    }, address);
    await expect.poll(() => held?.length).toBeGreaterThan(0);
    const waiting = held.length;
    await page.evaluate(() => {
      (globalThis as { stopReading?: () => void }).stopReading?.();
    });
    expect(await result).toBe('AbortError');
    // The requests for its blocks have ended as well, though none was answered.
    await expect.poll(() => givenUp - before).toBeGreaterThanOrEqual(waiting);
    for (const go of held) go();
    held = undefined;
    // The same address goes on serving others.
    expect((await answer(address, 'bytes=0-3'))[3]).toBe('RIFF');
    await close();
  });

  test.each([
    [undefined, 200, null, SMALL],
    ['bytes=0-0', 206, `bytes 0-0/${SMALL.length}`, SMALL.slice(0, 1)],
    ['bytes=4-', 206, `bytes 4-${SMALL.length - 1}/${SMALL.length}`, SMALL.slice(4)],
    ['bytes=-4', 206, `bytes ${SMALL.length - 4}-${SMALL.length - 1}/${SMALL.length}`, SMALL.slice(-4)],
    ['bytes=-5000', 206, `bytes 0-${SMALL.length - 1}/${SMALL.length}`, SMALL],
    ['bytes=2-100000', 206, `bytes 2-${SMALL.length - 1}/${SMALL.length}`, SMALL.slice(2)],
    [`bytes=${SMALL.length}-`, 416, `bytes */${SMALL.length}`, ''],
    ['bytes=5000-6000', 416, `bytes */${SMALL.length}`, ''],
    ['bytes=-0', 416, `bytes */${SMALL.length}`, ''],
    // What may be ignored is: then everything is meant.
    ['bytes=5-3', 200, null, SMALL],
    ['bytes=0-1,3-4', 200, null, SMALL],
    ['lines=0-1', 200, null, SMALL],
  ])('the range %s', async (range, status, contentRange, text) => {
    if (!(await page.getByRole('heading', { name: 'small.wav', level: 1 }).isVisible())) await open('small.wav');
    const address = await addressOf('small.wav');
    expect(await answer(address, range)).toEqual([status, contentRange, status === 416 ? null : String(text.length), text]);
  });

  test('no page has complained', () => {
    expect(world.complaints.filter((text) => !text.includes('416'))).toEqual([]);
  });
});
