/// <reference lib="dom" />
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { connect } from '@pyrgos/client';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { type Browser, chromium, type Page } from 'playwright';
import { watchingMemory } from './browser-memory.js';
import { measure, type Measurement, severalMeasurements, singleMeasurement } from './measure.js';
import { PlainPage } from './plain-page.js';
import { RandomContent } from './random-content.js';
import { scratchFolder } from './scratch-folder.js';
import { benchWebChat } from './web-chat.js';

const MIB = 1_048_576;
const FILE_SIZE = 512 * MIB;
const PASSWORD = 'seven lanterns over quiet water';
const LIST_SIZES = [1000, 10_000];
/** The longest that a page may not answer, in milliseconds. */
const LONGEST_TASK = 50;
/** MiB. */
const TAB_LIMIT = 400;
const TRANSFERS = 3;
/** MiB a second. */
const UPLOAD_SPEED = 60;

/** What is measured, in this order. */
const parts = new Map<string, (world: WebBench) => Promise<readonly Measurement[]>>([
  ['web-first-load', async (world) => world.firstLoad()],
  ['web-list', async (world) => world.lists()],
  ['web-transfers', async (world) => world.transfers()],
  ['web-chat', async (world) => world.chat()],
]);

/** The web app in a real browser, with a server in a process of its own. */
class WebBench {
  private page: Page | undefined;
  private hasFolders = false;

  private constructor(
    private readonly folder: string,
    private readonly daemon: DaemonProcess,
    private readonly browser: Browser,
  ) {}

  static async start(executablePath: string): Promise<WebBench> {
    const folder = await scratchFolder();
    const daemon = await startDaemonProcess({ 'max-users': '10', 'default-quota': '20g', 'enable-gc': 'false' }, join(folder, 'data'));
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const world = new WebBench(folder, daemon, await chromium.launch({ executablePath, args }));
    (await (await connect(daemon.url)).signUp({ username: 'ada', password: PASSWORD })).close();
    return world;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.daemon.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** From nothing to a log-in screen that can be used. */
  async firstLoad(): Promise<readonly Measurement[]> {
    const paths = new Set<string>();
    const load = async (): Promise<void> => {
      // What the service worker fetches afterwards, to keep it, keeps nobody waiting.
      const device = await this.browser.newContext({ serviceWorkers: 'block' });
      device.on('response', (response) => paths.add(new URL(response.url()).pathname));
      const page = await device.newPage();
      await page.goto(this.daemon.url);
      await page.getByRole('button', { name: 'Log in' }).waitFor();
      await device.close();
    };
    const times = await measure('first load', 'ms', (time) => time, [{ name: 'until one can log in, loopback', run: load }], {
      samples: 7,
      warmUps: 1,
    });
    let bytes = 0;
    for (const path of paths) bytes += gzipSync(new Uint8Array(await (await fetch(new URL(path, this.daemon.url))).arrayBuffer())).length;
    return [...times, singleMeasurement('first load', 'bytes, gzip', 'kB', bytes / 1000)];
  }

  /** From a click on a folder to its first rows, and to all of them. */
  async lists(): Promise<readonly Measurement[]> {
    await this.fillFolders();
    const page = await this.loggedIn();
    const lines: Measurement[] = [];
    for (const count of LIST_SIZES) {
      for (const state of ['first time', 'once more']) {
        await page
          .getByRole('row', { name: `${count}`, exact: false })
          .first()
          .waitFor();
        const [rows, all] = await page.evaluate(async (folder) => {
          const start = performance.now();
          const until = async (isThere: () => boolean): Promise<number> => {
            while (!isThere()) await new Promise((resolve) => requestAnimationFrame(resolve));
            return performance.now() - start;
          };
          location.hash = `#/drive/ada/${folder}`;
          const shown = (name: string): boolean => document.querySelector('[role=grid]')?.textContent.includes(name) === true;
          const first = await until(() => shown('file '));
          const last = await until(() =>
            [...document.querySelectorAll('[role=status]')].some(({ textContent }) => textContent.replaceAll(/\D/gu, '') === folder),
          );
          return [first, last];
        }, `${count}`);
        lines.push(singleMeasurement('list', `${count} files: first rows, ${state}`, 'ms', rows ?? 0, 500));
        lines.push(singleMeasurement('list', `${count} files: all, ${state}`, 'ms', all ?? 0));
        await page.goBack();
      }
    }
    return lines;
  }

  /** One file up and down, in pages of which no log is kept: speed, and the memory that people's browsers need. */
  async transfers(): Promise<readonly Measurement[]> {
    await this.fillFolders();
    const samples = new Map<string, number[]>();
    const note = (name: string, value: number): void => {
      samples.set(name, [...(samples.get(name) ?? []), value]);
    };
    const measured = async (page: PlainPage, name: string, work: () => Promise<unknown>): Promise<void> => {
      await page.watchTasks();
      const start = performance.now();
      const { tab, all } = await watchingMemory(this.browser, work);
      note(name, (FILE_SIZE / MIB / (performance.now() - start)) * 1000);
      note(`${name}: memory of the tab`, tab);
      note(`${name}: memory of all renderers`, all);
      note(`${name}: longest task of the page`, await page.longestTask());
    };
    await this.page?.close();
    this.page = undefined;
    for (let sample = 0; sample < TRANSFERS; sample++) {
      const name = `large ${sample}.bin`;
      const path = join(this.folder, name);
      const file = await open(path, 'w');
      for await (const piece of new RandomContent(FILE_SIZE, sample).open(0)) await file.write(piece);
      await file.close();
      const page = await PlainPage.open(this.browser, this.daemon.url);
      await page.fill('User name', 'ada');
      await page.fill('Password', PASSWORD);
      await page.press('Log in');
      await page.shows(`${LIST_SIZES[0]}`);
      await measured(page, 'upload', async () => {
        await page.give('Files …', path);
        await page.shows(name);
      });
      await page.choose(name);
      await measured(page, 'download', async () => page.download(async () => page.press('Download')));
      await page.close();
      await rm(path);
    }
    return ['upload', 'download'].flatMap((name) => {
      const several = (what: string, unit: string, target?: number): Measurement =>
        severalMeasurements('transfers', what, unit, samples.get(what) ?? [], target);
      return [
        several(name, 'MiB/s', name === 'upload' ? UPLOAD_SPEED : undefined),
        several(`${name}: memory of the tab`, 'MiB', TAB_LIMIT),
        several(`${name}: memory of all renderers`, 'MiB'),
        several(`${name}: longest task of the page`, 'ms', LONGEST_TASK),
      ];
    });
  }

  /** A long chat. */
  async chat(): Promise<readonly Measurement[]> {
    return benchWebChat({ url: this.daemon.url, browser: this.browser, username: 'ada', password: PASSWORD });
  }

  /** The folders of the lists, once. */
  private async fillFolders(): Promise<void> {
    if (this.hasFolders) return;
    const session = await (await connect(this.daemon.url)).logIn({ username: 'ada', password: PASSWORD });
    for (const count of LIST_SIZES) {
      const entries = Array.from({ length: count }, (_, n) => ({ path: [`${count}`, `file ${n}.txt`], source: `${n}` }));
      for await (const { error } of session.files.writeTree('/ada', entries)) if (error !== undefined) throw error;
    }
    session.close();
    this.hasFolders = true;
  }

  private async loggedIn(): Promise<Page> {
    if (this.page !== undefined) return this.page;
    const page = await this.browser.newPage();
    await page.goto(this.daemon.url);
    await page.getByRole('textbox', { name: 'User name' }).fill('ada');
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Upload' }).waitFor();
    this.page = page;
    return page;
  }
}

/** The suites of the web app. They share one server and one browser. */
export class WebSuites {
  private world: WebBench | undefined;

  /** Their names. */
  static readonly names: readonly string[] = [...parts.keys()];

  /** Runs one; nothing where there is no Chromium. */
  async run(name: string): Promise<readonly Measurement[]> {
    const executablePath = process.env['PYRGOS_CHROMIUM'];
    if (executablePath === undefined || executablePath === '') {
      process.stderr.write('not measured: no Chromium found (install one, or name it in PYRGOS_CHROMIUM)\n');
      return [];
    }
    this.world ??= await WebBench.start(executablePath);
    return (await parts.get(name)?.(this.world)) ?? [];
  }

  /** Stops both, if they were started. */
  async close(): Promise<void> {
    await this.world?.close();
    this.world = undefined;
  }
}
