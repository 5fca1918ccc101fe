import { connect } from '@pyrgos/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, PASSWORD, picture, WebWorld } from './web-world.js';

const SIZE = 2_000_000;
const FILES = 5;

describe.skipIf(!hasChromium)('an account that fills up (needs a Chromium)', () => {
  let world: WebWorld;
  beforeAll(async () => {
    world = await WebWorld.start({ 'default-quota': '15000000' });
  });
  afterAll(async () => {
    await world?.stop();
  });

  test('two tabs upload until nothing fits: each says what was not stored, and what was stored is whole', async () => {
    const device = await world.device();
    const first = await world.open(device);
    await world.signUp(first, 'fay', { keep: true });
    const second = await world.open(device);
    await second.getByRole('button', { name: 'Upload' }).waitFor();
    const content = (tab: number, file: number): Buffer =>
      Buffer.from(Array.from({ length: SIZE }, (_, i) => (i * (2 * file + 3) + (i >> 8) + tab) & 0xff));
    const tabs = [first, second];
    await Promise.all(
      tabs.map(async (page, tab) =>
        page.getByLabel('Files …', { exact: true }).setInputFiles(
          Array.from({ length: FILES }, (_, file) => ({
            name: `${tab}-${file}.bin`,
            mimeType: 'application/octet-stream',
            buffer: content(tab, file),
          })),
        ),
      ),
    );
    for (const page of tabs) await page.getByText(/^(?:Done|Not everything was stored)/u).waitFor();
    const problems = await Promise.all(
      // Which limit is met first, the space or the rate of uploads that goes with it, depends on how often the tabs get in each other's way.
      tabs.map(async (page) => page.getByText(/There is not enough space in your account for this|That was too much for now/u).count()),
    );
    const [one = 0, two = 0] = problems;
    await picture(first, 'full-account-1');
    await picture(second, 'full-account-2');
    expect(one + two).toBeGreaterThan(0);
    const session = await (await connect(world.daemon.url)).logIn({ username: 'fay', password: PASSWORD });
    try {
      let stored = 0;
      for (const tab of [0, 1]) {
        for (let file = 0; file < FILES; file++) {
          if ((await session.files.find(`/fay/${tab}-${file}.bin`)) === undefined) continue;
          stored++;
          expect(content(tab, file).equals(await session.files.read(`/fay/${tab}-${file}.bin`))).toBe(true);
        }
      }
      // Nothing is said to be missing that is there, and the other way round.
      expect(stored).toBe(2 * FILES - one - two);
    } finally {
      session.close();
    }
    await device.close();
  });
});
