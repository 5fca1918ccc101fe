import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@pyrgos/client';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pdf, png, wav, webm } from './sample-files.js';
import { hasChromium, PASSWORD, picture, WebWorld } from './web-world.js';

/** Milliseconds that anything on the screen may take. */
const PATIENCE = 90_000;

const FOLDER = '#/drive/ada/things';

const MARKDOWN = `# Harbour log

Some **bold** and \`code\`, a [link out](https://example.org/), a [bad link](javascript:alert(1)), a [near link](#/drive/ada).

![a lighthouse](https://tracker.example/pixel.png)
<img src="https://tracker.example/two.png" onerror="document.title='hacked'">
<script>document.title = 'hacked'</script>
<p style="position:fixed;inset:0" onclick="alert(1)" id="root">A paragraph</p>
<form action="https://evil.example"><input name="password"><button>Log in</button></form>

- [x] done
- [ ] open

| a | b |
|---|---|
| 1 | 2 |

\`\`\`ts
const x = 1;
\`\`\`
`;

describe.skipIf(!hasChromium)('viewers in a browser (needs a Chromium)', () => {
  let world: WebWorld;
  let folder: string;
  let device: BrowserContext;
  let page: Page;
  const requests: string[] = [];
  beforeAll(async () => {
    world = await WebWorld.start();
    folder = await mkdtemp(join(tmpdir(), 'pyrgos-viewers-'));
    device = await world.device();
    page = await world.open(device);
    page.setDefaultTimeout(PATIENCE);
    page.on('request', (request) => requests.push(request.url()));
    await world.signUp(page, 'ada');
    const files = join(folder, 'things');
    await mkdir(files);
    await writeFile(join(files, '1 wide.png'), png(1600, 700, [200, 60, 255]));
    await writeFile(join(files, '2 small.png'), png(120, 90, [20, 160, 255]));
    await writeFile(join(files, '3 broken.png'), Buffer.concat([png(100, 100, [0, 0, 0]).subarray(0, 8), Buffer.alloc(500, 7)]));
    await writeFile(join(files, '4 tone.wav'), wav(120));
    await writeFile(join(files, '5 film.webm'), await webm(page));
    await writeFile(join(files, '6 paper.pdf'), pdf(['First page', 'Second page', 'Third page']));
    await writeFile(join(files, '7 log.md'), MARKDOWN);
    await writeFile(join(files, '8 notes.txt'), 'one\r\ntwo\r\n');
    await writeFile(join(files, '9 code.ts'), 'export const answer: number = 42; // to everything\n');
    await writeFile(join(files, 'a 1998.txt'), Uint8Array.from([0xdc, 0x62, 0x65, 0x72, 0x20, 0x80, 0x20, 0x31]));
    await writeFile(join(files, 'a utf16.txt'), Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Grüße\r\n🏰', 'utf16le')]));
    await writeFile(join(files, 'b long.md'), '*a* [b](http://c)\n\n'.repeat(260_000));
    await writeFile(join(files, 'b many.md'), '*a* '.repeat(50_000));
    await writeFile(join(files, 'binary.txt'), Uint8Array.from([0x68, 0x69, 0xff, 0xfe, 0]));
    await writeFile(join(files, 'strange.xyz'), Buffer.alloc(3000, 0xfe));
    await page.getByLabel('Upload a folder …').setInputFiles(files);
    await page.getByRole('row', { name: 'things' }).getByRole('button').click();
    await page.getByRole('row', { name: 'strange.xyz' }).waitFor();
    // What is done without problems is not in the way for long.
    await page.getByText('15 files uploaded').waitFor();
  });
  afterAll(async () => {
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const open = async (name: string): Promise<void> => {
    // Whatever the test before has left open.
    if (new URL(page.url()).hash !== FOLDER) await page.goto(new URL(`/${FOLDER}`, world.daemon.url).href);
    await page.getByRole('grid').getByRole('button', { name, exact: true }).click();
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  };
  const title = (name: string): Promise<void> => page.getByRole('heading', { name, level: 1 }).waitFor();
  const close = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Back to the folder' }).click();
    await page.getByRole('grid').waitFor();
  };

  test('pictures and videos have small pictures in the list', async () => {
    await page.getByRole('row', { name: '1 wide.png' }).locator('img').waitFor();
    await page.getByRole('row', { name: '5 film.webm' }).locator('img').waitFor();
    await picture(page, 'thumbnails');
  });

  test('a picture is shown, made larger, and its neighbours are reached by keys', async () => {
    await open('1 wide.png');
    const image = page.getByRole('img', { name: '1 wide.png' });
    await image.waitFor();
    await expect.poll(async () => image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBe(1600);
    await picture(page, 'view-image');
    const fitted = await image.evaluate((element) => element.clientWidth);
    await page.keyboard.press('+');
    await page.getByText('75 %').waitFor();
    expect(await image.evaluate((element) => element.clientWidth)).toBeGreaterThan(fitted);
    await page.keyboard.press('+');
    await page.getByText('100 %').waitFor();
    await picture(page, 'view-image-zoomed');
    await page.keyboard.press('0');
    await page.keyboard.press('ArrowRight');
    await title('2 small.png');
    await page.getByRole('img', { name: '2 small.png' }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await title('1 wide.png');
    await page.getByRole('button', { name: 'Next file' }).click();
    await title('2 small.png');
    // What "back" leads to is the folder, however many were looked at; and the list goes on where the viewer was left.
    await page.keyboard.press('Escape');
    await page.getByRole('grid').waitFor();
    expect(new URL(page.url()).hash).toBe(FOLDER);
    await expect
      .poll(async () =>
        page.getByRole('grid').evaluate((grid) => document.getElementById(grid.getAttribute('aria-activedescendant') ?? '')?.textContent),
      )
      .toContain('2 small.png');
  });

  test('going back in the browser closes the viewer', async () => {
    await open('2 small.png');
    await page.goBack();
    await page.getByRole('grid').waitFor();
  });

  test('a damaged picture says so and can be had all the same', async () => {
    await open('3 broken.png');
    await page.getByText('This picture cannot be shown').waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Download' }).last().waitFor();
    await picture(page, 'view-broken');
    await close();
  });

  test('… and so do an empty one, and what is named as a video or a document and is none', async () => {
    const damaged = join(folder, 'damaged');
    await mkdir(damaged);
    const problems = new Map([
      ['empty.png', 'This picture cannot be shown: it is empty.'],
      ['garbage.png', 'This picture cannot be shown: it is damaged'],
      ['garbage.mp4', 'This cannot be played'],
      ['garbage.pdf', 'This document cannot be opened'],
    ]);
    for (const name of problems.keys()) await writeFile(join(damaged, name), name.startsWith('empty') ? '' : 'something else');
    await page.goto(new URL('/#/drive/ada', world.daemon.url).href);
    await page.getByLabel('Upload a folder …').setInputFiles(damaged);
    await page.getByRole('row', { name: 'damaged' }).getByRole('button').click();
    await page.getByRole('row', { name: 'garbage.png' }).waitFor();
    for (const [name, problem] of problems) {
      await page.getByRole('grid').getByRole('button', { name, exact: true }).click();
      await title(name);
      await page.getByText(problem).waitFor();
      await page.getByRole('main').getByRole('button', { name: 'Download' }).last().waitFor();
      await close();
    }
  });

  test('sound is streamed and sought in', async () => {
    await open('4 tone.wav');
    const player = page.getByLabel('4 tone.wav');
    await expect.poll(async () => player.evaluate((element: HTMLAudioElement) => Math.round(element.duration))).toBe(120);
    await player.evaluate(async (element: HTMLAudioElement) => {
      element.currentTime = 110;
      await new Promise((resolve) => {
        element.addEventListener('seeked', resolve, { once: true });
      });
    });
    expect(await player.evaluate((element: HTMLAudioElement) => element.currentTime)).toBe(110);
    expect(requests.some((url) => new URL(url).pathname.startsWith('/stream/'))).toBe(true);
    await picture(page, 'view-audio');
    await close();
  });

  test('a video plays', async () => {
    await open('5 film.webm');
    const player = page.getByLabel('5 film.webm');
    await expect.poll(async () => player.evaluate((element: HTMLVideoElement) => element.videoWidth)).toBe(320);
    await player.evaluate(async (element: HTMLVideoElement) => {
      element.muted = true;
      await element.play();
    });
    await expect.poll(async () => player.evaluate((element: HTMLVideoElement) => element.currentTime)).toBeGreaterThan(0.3);
    await picture(page, 'view-video');
    await close();
  });

  test('a PDF document is drawn, its text can be read, and its script does not run', async () => {
    await open('6 paper.pdf');
    await page.getByText('First page').waitFor();
    await page.getByText('of 3').waitFor();
    expect(await page.getByRole('textbox', { name: 'Page number' }).inputValue()).toBe('1');
    const drawn = page.locator('section[aria-label="Page 1"] canvas');
    await expect
      .poll(async () =>
        drawn.evaluate((canvas: HTMLCanvasElement) => {
          const { data } = canvas.getContext('2d')!.getImageData(Math.floor(canvas.width / 3), Math.floor(canvas.height / 2), 1, 1);
          return [...data].slice(0, 3);
        }),
      )
      .toEqual([51, 128, 153]);
    await picture(page, 'view-pdf');
    await page.getByRole('textbox', { name: 'Page number' }).fill('3');
    await page.keyboard.press('Enter');
    await page.getByText('Third page').waitFor();
    await picture(page, 'view-pdf-end');
    await expect.poll(async () => page.getByRole('textbox', { name: 'Page number' }).inputValue()).toBe('3');
    await close();
  });

  test('Markdown is laid out, and nothing in it acts', async () => {
    await open('7 log.md');
    await page.getByRole('heading', { name: 'Harbour log' }).waitFor();
    const article = page.getByRole('article');
    expect(await article.locator('img, script, form, input, [style], [onclick], [id]').count()).toBe(0);
    await page.getByText('🖼 a lighthouse').waitFor();
    const link = article.getByRole('link', { name: 'link out' });
    expect([await link.getAttribute('target'), await link.getAttribute('rel')]).toEqual(['_blank', 'noopener noreferrer']);
    expect(await article.getByRole('link').count()).toBe(1);
    expect(requests.filter((url) => url.includes('.example'))).toEqual([]);
    await picture(page, 'view-markdown');
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'Text of 7 log.md' }).waitFor();
    await picture(page, 'view-markdown-edit');
    await close();
  });

  test('Markdown that is too much to be laid out is shown as it was written', async () => {
    for (const name of ['b long.md', 'b many.md']) {
      await open(name);
      await page.getByText('This text is too long to be laid out.').waitFor();
      await page.getByRole('textbox', { name: `Text of ${name}` }).waitFor();
      await close();
    }
  });

  test('a text is edited and saved, line ends and all', async () => {
    await open('8 notes.txt');
    const editor = page.getByRole('textbox', { name: 'Text of 8 notes.txt' });
    // Ready to be written in.
    await expect.poll(async () => hasCursor(editor)).toBe(true);
    await page.keyboard.press('Control+End');
    await page.keyboard.type('three');
    await page.getByText('Not saved yet').waitFor();
    await page.keyboard.press('Control+s');
    await page.getByText('Saved', { exact: true }).waitFor();
    expect(await elsewhere(async (files) => files.readText('/ada/things/8 notes.txt'))).toBe('one\r\ntwo\r\nthree');
    await picture(page, 'view-text');
  });

  test('the keys lead out of the text, to its neighbours, and back into it', async () => {
    await page.keyboard.press('Escape');
    await page.keyboard.press('ArrowRight');
    await title('9 code.ts');
    const code = page.getByRole('textbox', { name: 'Text of 9 code.ts' });
    await code.waitFor();
    // Whoever leafs through goes on leafing.
    await page.keyboard.press('ArrowLeft');
    await title('8 notes.txt');
    const editor = page.getByRole('textbox', { name: 'Text of 8 notes.txt' });
    await editor.waitFor();
    expect(await hasCursor(editor)).toBe(false);
    await page.keyboard.press('e');
    await expect.poll(async () => hasCursor(editor)).toBe(true);
    await page.keyboard.press('Escape');
    await page.keyboard.press('ArrowLeft');
    await title('7 log.md');
    await page.getByRole('heading', { name: 'Harbour log' }).waitFor();
    await page.keyboard.press('e');
    const markdown = page.getByRole('textbox', { name: 'Text of 7 log.md' });
    await markdown.waitFor();
    await expect.poll(async () => hasCursor(markdown)).toBe(true);
    await close();
    await open('8 notes.txt');
  });

  test('when another device has changed the text, one can keep both', async () => {
    await elsewhere(async (files) => files.write('/ada/things/8 notes.txt', 'theirs'));
    const editor = page.getByRole('textbox', { name: 'Text of 8 notes.txt' });
    await editor.click();
    await page.keyboard.type('mine ');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alertdialog', { name: 'Somebody else or another device has changed this file' }).waitFor();
    await picture(page, 'save-conflict');
    await page.getByRole('button', { name: 'Save mine beside it' }).click();
    await title('8 notes (2).txt');
    expect(await elsewhere(async (files) => files.readText('/ada/things/8 notes (2).txt'))).toContain('mine ');
    expect(await elsewhere(async (files) => files.readText('/ada/things/8 notes.txt'))).toBe('theirs');
  });

  test('… discard, or overwrite', async () => {
    const path = '/ada/things/8 notes (2).txt';
    const editor = page.getByRole('textbox', { name: 'Text of 8 notes (2).txt' });
    const conflict = async (theirs: string): Promise<void> => {
      await elsewhere(async (files) => files.write(path, theirs));
      await editor.click();
      await page.keyboard.type('more');
      await page.keyboard.press('Control+s');
      // Messages that are still there are alert dialogs as well.
      await page.getByRole('alertdialog', { name: 'Somebody else or another device has changed this file' }).waitFor();
    };
    await conflict('theirs again');
    await page.getByRole('button', { name: 'Discard mine' }).click();
    await page.getByText('theirs again').waitFor();
    await conflict('theirs once more');
    await page.getByRole('button', { name: 'Overwrite theirs' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    expect(await elsewhere(async (files) => files.readText(path))).toContain('more');
  });

  test('what was not saved is found again', async () => {
    const editor = page.getByRole('textbox', { name: 'Text of 8 notes (2).txt' });
    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' unsaved');
    await page.getByText('Not saved yet').waitFor();
    await page.goBack();
    await page.getByText('are not saved').waitFor();
    await page.getByRole('button', { name: 'Go on editing' }).click();
    await title('8 notes (2).txt');
    await page.getByText('unsaved').first().waitFor();
    await page.getByText('Not saved yet').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    await close();
  });

  test('code has colours, in the dark too', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await open('9 code.ts');
    await page.getByText('answer').waitFor();
    await page.getByRole('textbox', { name: 'Text of 9 code.ts' }).click();
    await page.keyboard.press('Control+f');
    await page.getByRole('textbox', { name: 'Find' }).fill('answer');
    await picture(page, 'view-code-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await close();
  });

  test.each([
    ['a 1998.txt', 'Windows-1252', 'Über € 1'],
    ['a utf16.txt', 'UTF-16', 'Grüße'],
  ])('%s, a text in %s, can be read, and says why it cannot be edited', async (name, encoding, content) => {
    await open(name);
    await page.getByText(`This text is in ${encoding}, not in UTF-8.`).waitFor();
    const editor = page.getByRole('textbox', { name: `Text of ${name}` });
    await page.getByText(content).waitFor();
    await editor.click();
    await page.keyboard.type('x');
    await page.keyboard.press('Control+s');
    await picture(page, `view-${encoding.toLowerCase()}`);
    expect(await editor.textContent()).toMatch(new RegExp(`^${content}`, 'u'));
    expect(await page.getByRole('button', { name: 'Save' }).count()).toBe(0);
    await close();
  });

  test('what is no text, or of no known kind, is described', async () => {
    await open('binary.txt');
    await page.getByText('This is no text, whatever its name says.').waitFor();
    await close();
    await open('strange.xyz');
    await page.getByText('Files of this kind cannot be shown here.').waitFor();
    await picture(page, 'view-other');
    await page.getByRole('button', { name: 'Properties' }).click();
    await page.getByRole('dialog', { name: 'Properties' }).getByText('3 kB (3,000 bytes)').waitFor();
    await picture(page, 'properties');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await close();
  });

  test('a viewer is opened by its address, on a phone', async () => {
    const phone = await world.open(await world.device({ viewport: { width: 390, height: 844 } }));
    await world.logIn(phone, 'ada');
    await phone.goto(new URL('/#/view/ada/things/6%20paper.pdf', world.daemon.url).href);
    await phone.getByText('First page').waitFor();
    await picture(phone, 'phone-pdf');
    await phone.getByRole('button', { name: 'Next file' }).click();
    await phone.getByRole('heading', { name: 'Harbour log' }).waitFor();
    await picture(phone, 'phone-markdown');
    await phone.getByRole('button', { name: 'Back to the folder' }).click();
    await phone.getByRole('grid').waitFor();
    await phone.close();
  });

  test('no page has complained', () => {
    // The parser that makes the text harmless meets what the policy forbids on its way; the policy says so.
    const own = world.complaints.filter((text) => !/inline (?:event handler|style) violates/u.test(text));
    expect(own).toEqual([]);
  });

  async function hasCursor(editor: ReturnType<Page['getByRole']>): Promise<boolean> {
    return editor.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element);
  }
  /** Does something with another session, as another device would. */
  async function elsewhere<Result>(work: (files: Awaited<ReturnType<typeof session>>['files']) => Promise<Result>): Promise<Result> {
    const opened = await session();
    try {
      return await work(opened.files);
    } finally {
      opened.close();
    }
  }
  async function session(): Promise<Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['logIn']>>> {
    return (await connect(world.daemon.url)).logIn({ username: 'ada', password: PASSWORD });
  }
});
