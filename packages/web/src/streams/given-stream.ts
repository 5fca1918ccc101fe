import type { StreamEvent, ZipTexts } from '../engine/calls.js';
import { EngineError } from '../engine/engine-fault.js';
import { engine } from '../engine/start-engine.js';
import { wellFormed } from './content-disposition.js';
import { registerEngineFolder } from './engine-folder.js';
import { randomId } from './random-id.js';
import { type ServiceWorkerMessage, STREAM_FOLDER, type StreamOffer } from './stream-messages.js';

/** Milliseconds between signs of life to the service worker: browsers end one that is left alone for half a minute. */
const AWAKE_INTERVAL = 10_000;

/** Something that has an address in this page as long as it is needed. */
export interface GivenStream {
  /** Where the browser gets it. Of no use to anybody else: it is answered inside this browser, to this page. */
  readonly address: string;
  /** Bytes; undefined for what is made on the way. */
  readonly size: number | undefined;
  /** Takes the address away, and ends what is under way. */
  close(): void;
}

/** Whether files can be given an address: it takes a service worker, which browsers have on secure pages only. */
export function canStream(): boolean {
  return 'serviceWorker' in navigator && isSecureContext;
}

/** Begins to control the page; early, so that the first download does not wait. */
export async function startServiceWorker(): Promise<void> {
  if (!canStream()) return;
  await registerEngineFolder();
  await navigator.serviceWorker.register('/sw.js');
}

/**
 * Gives a file, or everything below several paths as a zip file, an address. `onEvent` is told how far the browser has read. Rejects with an {@link EngineError} when it
 * cannot be opened; `unsupported` without a service worker.
 */
export async function giveStream(
  {
    paths,
    zip,
    offer,
  }: { readonly paths: readonly string[]; readonly zip: ZipTexts | undefined; readonly offer: Omit<StreamOffer, 'size'> },
  onEvent?: (event: StreamEvent) => void,
): Promise<GivenStream> {
  if (!canStream()) {
    throw new EngineError({ code: 'unsupported', message: 'This page has no service worker.', data: {}, retry: 'never' });
  }
  const worker = await activeWorker();
  const { port1: enginePort, port2: workerPort } = new MessageChannel();
  const stop = new AbortController();
  const token = randomId();
  const tell = (message: ServiceWorkerMessage, transfer: Transferable[] = []): void => {
    worker.postMessage(message, transfer);
  };

  const size = await new Promise<number | undefined>((resolve, reject) => {
    engine()
      .call(
        'stream.serve',
        { paths, zip, port: enginePort },
        {
          signal: stop.signal,
          transfer: [enginePort],
          onEvent: (event) => {
            if (event.kind === 'ready') resolve(event.size);
            else onEvent?.(event);
          },
        },
      )
      .catch(reject);
  });
  tell({ kind: 'offer', token, offer: { ...offer, size }, port: workerPort }, [workerPort]);
  const awake = setInterval(() => {
    tell({ kind: 'awake' });
  }, AWAKE_INTERVAL);
  return {
    address: `${STREAM_FOLDER}${token}/${encodeURIComponent(wellFormed(offer.name))}`,
    size,
    close: () => {
      clearInterval(awake);
      tell({ kind: 'withdraw', token });
      stop.abort();
    },
  };
}

/** The service worker that controls this page; waits until there is one. */
async function activeWorker(): Promise<ServiceWorker> {
  const { serviceWorker } = navigator;
  if (serviceWorker.controller !== null) return serviceWorker.controller;
  await startServiceWorker();
  await serviceWorker.ready;
  if (serviceWorker.controller === null) {
    await new Promise<void>((resolve) => {
      serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true });
    });
  }
  return serviceWorker.controller ?? (await serviceWorker.ready).active ?? Promise.reject(new Error('there is no service worker'));
}
