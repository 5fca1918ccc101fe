import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DaemonProcess, startDaemonProcess } from '@pyrgos/testkit/server';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page, type Request } from 'playwright';

/** A password that every rule accepts. */
export const PASSWORD = 'seven lanterns over quiet water';

/** Where the pictures of the tests are kept: looked at by people, and by CI as artefacts. */
export const PICTURES: string = fileURLToPath(new URL('../../test-results/web/', import.meta.url));
const executablePath = process.env['PYRGOS_CHROMIUM'];

/** Whether there is a Chromium to drive. */
export const hasChromium: boolean = executablePath !== undefined && executablePath !== '';

/** A server with the web app, and a browser. */
export class WebWorld {
  /** What pages have said on their consoles that they should not. */
  readonly complaints: string[] = [];

  private constructor(
    readonly daemon: DaemonProcess,
    readonly browser: Browser,
  ) {}

  /** Starts both; the server has no data yet, lets anybody sign up, and has these options of its configuration besides. */
  static async start(options: Readonly<Record<string, string>> = {}, browserArguments: readonly string[] = []): Promise<WebWorld> {
    const daemon = await startDaemonProcess({ 'max-users': '100', ...options });
    const browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...browserArguments],
    });
    return new WebWorld(daemon, browser);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.daemon.stop();
  }

  /** A browser profile of its own: another device. */
  async device(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const device = await this.browser.newContext({ viewport: { width: 1100, height: 750 }, acceptDownloads: true, ...options });
    // Patience for machines that have other things to do, too.
    device.setDefaultTimeout(90_000);
    return device;
  }

  /** A page of a device, at the front door; what it complains about is remembered. */
  async open(device: BrowserContext, path = '/'): Promise<Page> {
    const page = await device.newPage();
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    await page.goto(new URL(path, this.daemon.url).href);
    return page;
  }

  /** How many requests with blocks a device sends to the server while something is done. */
  async blocksSent(device: BrowserContext, work: () => Promise<void>): Promise<number> {
    let sent = 0;
    const count = (request: Request): void => {
      if (request.url().includes('/block/put')) sent++;
    };
    device.on('request', count);
    try {
      await work();
    } finally {
      device.off('request', count);
    }
    return sent;
  }

  /** Makes an account through the form and waits for the drive. */
  async signUp(page: Page, username: string, { keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    await page.goto(new URL('/#/sign-up', this.daemon.url).href);
    await this.fillSignUp(page, username, { keep });
    await page.getByRole('button', { name: 'Upload' }).waitFor();
  }

  /** Fills the form for a new account, and sends it. */
  async fillSignUp(page: Page, username: string, { keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    await page.getByRole('textbox', { name: 'User name' }).fill(username);
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    await page.getByRole('textbox', { name: 'Password once more' }).fill(PASSWORD);
    await page.getByRole('checkbox', { name: 'I have written the password down' }).check();
    if (keep) await page.getByRole('checkbox', { name: 'Stay logged in on this device' }).check();
    await page.getByRole('button', { name: 'Sign up' }).click();
  }

  /** Logs in through the form and waits for the drive. */
  async logIn(page: Page, username: string, { keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    await page.goto(this.daemon.url);
    await page.getByRole('textbox', { name: 'User name' }).fill(username);
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
    if (keep) await page.getByRole('checkbox', { name: 'Stay logged in on this device' }).check();
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Upload' }).waitFor();
  }
}

/** Takes a picture for people to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}
