import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright';

const KIBIBYTES_PER_MIB = 1024;
/** Milliseconds between two looks. */
const INTERVAL = 200;

/**
 * MiB that each renderer of a browser has for itself now: those are its pages with their workers, and its service workers. Empty where the system does
 * not tell.
 */
async function rendererMemory(browser: Browser): Promise<readonly number[]> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes: number[] = [];
  for (const { id, type } of processInfo) {
    if (type !== 'renderer') continue;
    const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
    const kibibytes = /^RssAnon:\s+(\d+) kB$/mu.exec(status)?.[1];
    if (kibibytes !== undefined) sizes.push(Number(kibibytes) / KIBIBYTES_PER_MIB);
  }
  return sizes;
}

/** Runs `work` and looks at the memory of the renderers meanwhile: the most that the largest of them, the tab, had, and that all had together. */
export async function watchingMemory<T>(
  browser: Browser,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly tab: number; readonly all: number }> {
  const stop = new AbortController();
  let tab = 0;
  let all = 0;
  const watch = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const sizes = await rendererMemory(browser);
      tab = Math.max(tab, ...sizes);
      all = Math.max(
        all,
        sizes.reduce((sum, size) => sum + size, 0),
      );
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    }
  };
  const watching = watch();
  try {
    const result = await work();
    return { result, tab, all };
  } finally {
    stop.abort();
    await watching;
  }
}
