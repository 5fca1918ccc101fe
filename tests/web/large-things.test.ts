import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@pyrgos/client';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchingMemory } from '../../bench/src/browser-memory.js';
import { PlainPage } from '../../bench/src/plain-page.js';
import { hasChromium, PASSWORD, picture, WebWorld } from './web-world.js';

const MEBIBYTE = 1_048_576;
const HUGE = 2048 * MEBIBYTE;
const MANY = 10_000;
/** Of all renderers of the browser together, in MiB: the page with its workers, the service worker, and those that idle. Half of the file, at most. */
const MEMORY_LIMIT = 1024;
/** Of the largest of them, in MiB. */
const TAB_LIMIT = 400;

/** Zeros, of which a piece is made only once. */
function zeros(size: number): ReadableStream<Uint8Array> {
  const piece = new Uint8Array(MEBIBYTE);
  let left = size;
  return new ReadableStream({
    pull: (controller) => {
      if (left === 0) controller.close();
      else controller.enqueue(piece.subarray(0, Math.min(left, piece.length)));
      left -= Math.min(left, piece.length);
    },
  });
}

async function sha256(chunks: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

describe.skipIf(!hasChromium)('what is large, in a browser (needs a Chromium)', () => {
  let world: WebWorld;
  let folder: string;
  let page: Page;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-large-'));
    world = await WebWorld.start({ 'default-quota': '8g' });
    const { files } = await (await connect(world.daemon.url)).signUp({ username: 'ada', password: PASSWORD });
    const entries = Array.from({ length: MANY }, (_, n) => ({ path: ['many', `file ${n}.txt`], source: `${n}` }));
    for await (const { outcome } of files.writeTree('/ada', entries)) expect(outcome).toBe('created');
    await files.write('/ada/huge.bin', zeros(HUGE));
    page = await world.open(await world.device());
    await world.logIn(page, 'ada');
  }, 300_000);
  afterAll(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const row = (name: string): ReturnType<Page['getByRole']> => page.getByRole('row', { name, exact: false });

  test(`a folder of ${MANY} files: only what is seen is in the page, and the keyboard reaches the end`, async () => {
    await row('many').getByRole('button').click();
    await page.getByText(`${MANY.toLocaleString('en')} items`).waitFor({ timeout: 60_000 });
    await row('file 0.txt').waitFor();
    expect(await page.getByRole('row').count()).toBeLessThan(100);
    await page.getByRole('grid').focus();
    await page.keyboard.press('End');
    await row(`file ${MANY - 1}.txt`).waitFor();
    await picture(page, 'many-files');
    await page.goBack();
  }, 120_000);

  test('a folder of 5000 files is uploaded', async () => {
    const source = join(folder, 'five thousand');
    await mkdir(source);
    for (let n = 0; n < 5000; n++) await writeFile(join(source, `${n}.txt`), `number ${n}`);
    await page.getByLabel('Upload a folder …').setInputFiles(source);
    await page.getByText(/Done · 5000 of 5000/u).waitFor({ timeout: 120_000 });
    await row('five thousand').getByRole('button').click();
    await page.getByText('5,000 items').waitFor({ timeout: 60_000 });
    await page.goBack();
  }, 240_000);

  test('a file of 2 GiB is stored on the disk while it comes, and does not pass through memory', async (context) => {
    if (process.platform !== 'linux') context.skip('needs /proc');
    await page.context().close();
    // A page that has done nothing else, and that nobody keeps a log of: its memory is that of the download.
    const plain = await PlainPage.open(world.browser, world.daemon.url);
    await plain.fill('User name', 'ada');
    await plain.fill('Password', PASSWORD);
    await plain.press('Log in');
    await plain.choose('huge.bin');
    const { result, tab, all } = await watchingMemory(world.browser, async () => plain.download(async () => plain.press('Download')));
    expect(result.size).toBe(HUGE);
    expect(await sha256(createReadStream(result.path))).toBe(await sha256(zeros(HUGE)));
    await plain.close();
    expect(all).toBeGreaterThan(10);
    expect(all).toBeLessThan(MEMORY_LIMIT);
    expect(tab).toBeLessThan(TAB_LIMIT);
  }, 240_000);

  test('no page has complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
