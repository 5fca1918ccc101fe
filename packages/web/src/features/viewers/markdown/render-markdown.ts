import { PATIENCE } from './markdown-limits.js';
import { safeFragment } from './safe-fragment.js';

/** Markdown as nodes that are safe to show; undefined when it is too much to be laid out. Rejects when the text takes too long, or the signal fires. */
export async function renderMarkdown(markdown: string, signal: AbortSignal): Promise<DocumentFragment | undefined> {
  const worker = new Worker(new URL('./markdown.worker.ts', import.meta.url), { type: 'module', name: 'pyrgos-markdown' });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const html = await new Promise<string | undefined>((resolve, reject) => {
      const giveUp = (): void => {
        reject(new Error('the text was given up'));
      };
      timer = setTimeout(giveUp, PATIENCE);
      signal.addEventListener('abort', giveUp, { once: true });
      worker.addEventListener('error', giveUp, { once: true });
      worker.addEventListener('message', ({ data }: MessageEvent<string | undefined>) => resolve(data), { once: true });
      worker.postMessage(markdown);
    });
    return html === undefined ? undefined : safeFragment(html);
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}
