import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession } from 'playwright';

/** Milliseconds that anything in the page may take. */
const PATIENCE = 600_000;
/** Milliseconds between two looks at the page. */
const LOOK_INTERVAL = 50;

/**
 * A page as people have it, for measuring memory: the driver's own pages keep a log of the network, and the browser up to 200 MB of what was received for it, in
 * the memory of the tab. This one is driven by scripts alone.
 */
export class PlainPage {
  private nextId = 1;
  private readonly answers = new Map<number, (answer: string) => void>();

  private constructor(
    private readonly line: CDPSession,
    private readonly session: string,
    private readonly context: string,
    private readonly folder: string,
  ) {
    line.on('Target.receivedMessageFromTarget', ({ sessionId, message }) => {
      if (sessionId !== this.session) return;
      const id = (JSON.parse(message) as { readonly id?: number }).id ?? 0;
      this.answers.get(id)?.(message);
      this.answers.delete(id);
    });
  }

  /** Opens an address in a browser profile of its own. */
  static async open(browser: Browser, url: string): Promise<PlainPage> {
    const line = await browser.newBrowserCDPSession();
    const folder = await mkdtemp(join(tmpdir(), 'pyrgos-downloads-'));
    const { browserContextId } = await line.send('Target.createBrowserContext');
    await line.send('Browser.setDownloadBehavior', {
      behavior: 'allowAndName',
      browserContextId,
      downloadPath: folder,
      eventsEnabled: true,
    });
    const { targetId } = await line.send('Target.createTarget', { url, browserContextId, width: 1100, height: 750 });
    const { sessionId } = await line.send('Target.attachToTarget', { targetId, flatten: false });
    const page = new PlainPage(line, sessionId, browserContextId, folder);
    await page.loaded(url);
    return page;
  }

  /** Waits for a text field with this label, and writes into it. */
  async fill(label: string, value: string): Promise<void> {
    await this.run(
      `const field = await until(() => [...document.querySelectorAll('input')].find(({ labels, ariaLabel }) => ariaLabel === ${quoted(label)} || [...labels].some(({ textContent }) => textContent.trim() === ${quoted(label)})));
       Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, ${quoted(value)});
       field.dispatchEvent(new Event('input', { bubbles: true }));`,
    );
  }

  /** Waits for a button with this text, and presses it. */
  async press(name: string): Promise<void> {
    await this.run(
      `(await until(() => [...document.querySelectorAll('button')].find((button) => named(button, ${quoted(name)})))).click();`,
    );
  }

  /** Gives the file at a path of this machine to the picker with this label. */
  async give(label: string, path: string): Promise<void> {
    const { objectId } = await this.ask<{ readonly result: { readonly objectId?: string } }>('Runtime.evaluate', {
      expression: `document.querySelector('input[type=file][aria-label=' + JSON.stringify(${quoted(label)}) + ']')`,
    }).then(({ result }) => result);
    if (objectId === undefined) throw new Error(`the page has no picker '${label}'`);
    await this.ask('DOM.setFileInputFiles', { files: [path], objectId });
  }

  /** Waits until a file is in the list. */
  async shows(name: string): Promise<void> {
    await this.run(
      `await until(() => [...document.querySelectorAll('[role=row]')].find(({ textContent }) => textContent.includes(${quoted(name)})));`,
    );
  }

  /** From now on the longest time is noted for which the page does not answer. */
  async watchTasks(): Promise<void> {
    await this.run(
      `globalThis.longestTask = 0;
       new PerformanceObserver((list) => {
         for (const { duration } of list.getEntries()) globalThis.longestTask = Math.max(globalThis.longestTask, duration);
       }).observe({ type: 'longtask' });`,
    );
  }

  /** The longest time for which the page did not answer, in milliseconds; 0 when none was noticed. */
  async longestTask(): Promise<number> {
    const { result } = await this.ask<{ readonly result: { readonly value?: unknown } }>('Runtime.evaluate', {
      expression: 'globalThis.longestTask',
    });
    return Number(result.value);
  }

  /** Waits for the row of a file in the list, and chooses it. */
  async choose(name: string): Promise<void> {
    await this.run(
      `const row = await until(() => [...document.querySelectorAll('[role=row]')].find(({ textContent }) => textContent.includes(${quoted(name)})));
       row.querySelector('[role=gridcell]').click();`,
    );
  }

  /** What happens while a download begins and comes to its end; gives the file, which {@link close} deletes. */
  async download(begin: () => Promise<void>): Promise<{ readonly path: string; readonly size: number }> {
    const done = new Promise<string>((resolve, reject) => {
      this.line.on('Browser.downloadProgress', ({ guid, state }) => {
        if (state === 'completed') resolve(guid);
        if (state === 'canceled') reject(new Error('the browser has given the download up'));
      });
    });
    await begin();
    const path = join(this.folder, await done);
    return { path, size: (await stat(path)).size };
  }

  /** Closes the profile. */
  async close(): Promise<void> {
    await this.line.send('Target.disposeBrowserContext', { browserContextId: this.context });
    await this.line.detach();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Waits until the address is there: until then what runs in the page may end with the empty one before it. */
  private async loaded(url: string): Promise<void> {
    for (const end = Date.now() + PATIENCE; ; await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL))) {
      try {
        await this.run(`if (document.readyState !== 'complete' || !location.href.startsWith(${quoted(url)})) throw new Error('not yet');`);
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  /** Runs statements in the page. */
  private async run(statements: string): Promise<void> {
    const expression = `(async () => {
      const named = ({ ariaLabel, textContent }, name) => (ariaLabel ?? textContent.trim()) === name;
      const until = async (find) => {
        for (const end = Date.now() + ${PATIENCE}; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, ${LOOK_INTERVAL}))) {
          const found = find();
          if (found !== undefined) return found;
        }
        throw new Error('the page never had it');
      };
      ${statements}
    })()`;
    const { exceptionDetails } = await this.ask<{ readonly exceptionDetails?: unknown }>('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      userGesture: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`the page could not do it: ${JSON.stringify(exceptionDetails)}`);
  }

  /** One call of the browser's protocol in the page. */
  private async ask<T>(method: string, params: Record<string, unknown>): Promise<T> {
    const id = this.nextId++;
    const answer = new Promise<string>((resolve) => this.answers.set(id, resolve));
    await this.line.send('Target.sendMessageToTarget', { sessionId: this.session, message: JSON.stringify({ id, method, params }) });
    const { result, error } = JSON.parse(await answer) as { readonly result?: T; readonly error?: unknown };
    if (result === undefined) throw new Error(`the page could not do it: ${JSON.stringify(error)}`);
    return result;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
