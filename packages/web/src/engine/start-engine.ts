import { unregisterEngineFolder } from '../streams/engine-folder.js';
import { setConnection } from './connection-store.js';
import { EngineClient } from './engine-client.js';

let started: EngineClient | undefined;

/** The engine of this page; started when it is asked for first. */
export function engine(): EngineClient {
  if (started !== undefined) return started;
  const worker = new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module', name: 'pyrgos-engine' });
  const client = new EngineClient(worker);
  let hasSpoken = false;
  worker.addEventListener('message', () => (hasSpoken = true), { once: true });
  const fail = (): void => {
    client.fail({
      code: 'crypto.worker',
      message: 'The part of Pyrgos that encrypts has stopped. Reload the page.',
      data: {},
      retry: 'never',
    });
  };
  worker.addEventListener('error', () => {
    if (hasSpoken) fail();
    else void startElsewhere(fail);
  });
  // Browsers decode videos in pages only.
  client
    .call('page.frames', undefined, { onQuestion: async ({ video }) => (await import('./video-frame.js')).videoFrame(video) })
    .catch(() => undefined);
  client.call('page.connection', undefined, { onEvent: setConnection }).catch(() => undefined);
  started = client;
  return client;
}

/** The script of the engine could not be loaded: once more, from what this device has kept of the page. */
async function startElsewhere(fail: () => void): Promise<void> {
  const mayHelp = await unregisterEngineFolder().catch(() => false);
  if (mayHelp) location.reload();
  else fail();
}
