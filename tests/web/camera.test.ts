import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserSession } from '@pyrgos/client';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filmCode } from './code-video.js';
import { befriend, person } from './two-people.js';
import { violations } from './violations.js';
import { hasChromium, picture, WebWorld } from './web-world.js';

// The safety number, scanned: Chromium plays a film in the place of a camera.

describe.skipIf(!hasChromium)('scanning the code of a safety number (needs a Chromium)', () => {
  let folder: string;
  let world: WebWorld;
  let sessions: readonly UserSession[] = [];
  /** Bob, who shows his code. */
  let bob: Page;
  /** A browser of a machine without a camera. */
  let blind: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-camera-'));
    const film = join(folder, 'film.y4m');
    world = await WebWorld.start({}, ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film}`]);
    const [ada, bobElsewhere] = [await person(world, 'ada'), await person(world, 'bob')];
    sessions = [ada, bobElsewhere];
    await befriend(bobElsewhere, ada);
    bob = await world.open(await world.device());
    await world.logIn(bob, 'bob');
    await open(bob, 'ada');
    await filmCode(bob.getByRole('img', { name: 'QR code of the safety number with ada' }), film);
    const executablePath = process.env['PYRGOS_CHROMIUM'];
    blind = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
  });
  afterAll(async () => {
    for (const session of sessions) session.close();
    await blind?.close();
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(page: Page, other: string): Promise<void> {
    await page.goto(new URL('/#/people', world.daemon.url).href);
    await page.getByRole('button', { name: `What to do about ${other}` }).click();
    await page.getByRole('menuitem', { name: 'Compare safety number' }).click();
    await page.getByRole('img', { name: `QR code of the safety number with ${other}` }).waitFor();
  }
  /** Ada at the number of Bob; the page remembers what of the camera it was given. */
  async function adaAt(page: Page): Promise<Page> {
    await page.addInitScript(() => {
      const tracks: MediaStreamTrack[] = [];
      Object.assign(window, { tracks });
      const { mediaDevices } = navigator;
      const real = mediaDevices.getUserMedia.bind(mediaDevices);
      mediaDevices.getUserMedia = async (wishes) => {
        const stream = await real(wishes);
        tracks.push(...stream.getTracks());
        return stream;
      };
    });
    await page.goto(world.daemon.url);
    await world.logIn(page, 'ada');
    await open(page, 'bob');
    return page;
  }
  const tracks = async (page: Page): Promise<readonly string[]> =>
    page.evaluate(() => (Reflect.get(window, 'tracks') as readonly MediaStreamTrack[]).map(({ readyState }) => readyState));
  const scan = async (page: Page): Promise<void> => page.getByRole('button', { name: 'Scan their code with the camera' }).click();

  test('the code of the friend is read, compared, and the camera is off again', async () => {
    const device = await world.device({ permissions: ['camera'] });
    const ada = await adaAt(await device.newPage());
    await scan(ada);
    await ada.getByText('They are the same: this is bob.').waitFor();
    await picture(ada, 'scan-same');
    expect(await tracks(ada)).toEqual(['ended']);
    await device.close();
  });

  test('a picture of the code is read as well, and of another picture it is said that there is none in it', async () => {
    const device = await world.device();
    const ada = await adaAt(await device.newPage());
    const code = await bob.getByRole('img', { name: 'QR code of the safety number with ada' }).screenshot();
    const [chooser] = await Promise.all([
      ada.waitForEvent('filechooser'),
      ada.getByRole('button', { name: 'Choose a picture of their code …' }).click(),
    ]);
    await chooser.setFiles({ name: 'code.png', mimeType: 'image/png', buffer: code });
    await ada.getByText('They are the same: this is bob.').waitFor();
    const own = await ada.getByRole('img', { name: 'QR code of the safety number with bob' }).screenshot();
    const input = ada.locator('input[type=file][accept="image/*"]');
    await input.setInputFiles({ name: 'own.png', mimeType: 'image/png', buffer: own });
    await ada.getByText('They differ. Do not trust this account').waitFor();
    await input.setInputFiles({
      name: 'none.png',
      mimeType: 'image/png',
      buffer: await ada.screenshot({ clip: { x: 0, y: 0, width: 40, height: 40 } }),
    });
    await ada.getByText('There is no code of a safety number to be seen in this picture.').waitFor();
    await device.close();
  });

  test('the camera is off as soon as the window is closed', async () => {
    const device = await world.device({ permissions: ['camera'], viewport: { width: 360, height: 740 } });
    const ada = await adaAt(await device.newPage());
    // Nothing is read, so that it would go on.
    await ada.evaluate(() => {
      CanvasRenderingContext2D.prototype.drawImage = () => undefined;
    });
    await scan(ada);
    await ada.getByText('Hold the code of the other person before the camera.').waitFor();
    expect(await tracks(ada)).toEqual(['live']);
    expect(await violations(ada)).toEqual([]);
    await ada.getByRole('button', { name: 'Switch the camera off' }).scrollIntoViewIfNeeded();
    await picture(ada, 'scan-phone');
    await ada.keyboard.press('Escape');
    await ada.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(async () => tracks(ada)).toEqual(['ended']);
    await device.close();
  });

  test('who refuses is told what else there is', async () => {
    const device = await world.device();
    const ada = await adaAt(await device.newPage());
    await scan(ada);
    await ada.getByText('The browser does not let this page use the camera.').waitFor();
    expect(await violations(ada)).toEqual([]);
    await picture(ada, 'scan-refused');
    await ada.getByRole('button', { name: 'Switch the camera off' }).click();
    await ada.getByRole('button', { name: 'Scan their code with the camera' }).waitFor();
    await device.close();
  });

  test('a machine without a camera says so', async () => {
    const device = await blind.newContext({ permissions: ['camera'] });
    const ada = await adaAt(await device.newPage());
    await scan(ada);
    await ada.getByText('No camera was found.').waitFor();
    await device.close();
  });
});
