import { shownTree } from '../app/shown-tree.js';
import type { StreamArguments, StreamEvent, ZipTexts } from '../engine/calls.js';
import { EngineError } from '../engine/engine-fault.js';
import { engine } from '../engine/start-engine.js';
import { wellFormed } from './content-disposition.js';
import { isServerThere, registerEngineFolder } from './engine-folder.js';
import { randomId } from './random-id.js';
import { type OfferQuestion, type ServiceWorkerMessage, STREAM_FOLDER, type StreamOffer } from './stream-messages.js';

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

/** What becomes of a stream, beside what the engine tells: `broken` when the browser has ended a download together with its service worker. */
export type GivenStreamEvent = StreamEvent | { readonly kind: 'broken' };

/** What this page gives out, by its token; the service worker asks for it again when it was restarted. */
const given = new Map<string, (worker: ServiceWorker) => void>();
let isListening = false;
/** Whether the browser has refused a service worker: it stores nothing for this page. */
let isRefused = false;

/** Whether files can be given an address: it takes a service worker, which browsers have on secure pages only. */
export function canStream(): boolean {
  return !isRefused && 'serviceWorker' in navigator && isSecureContext;
}

/** Begins to control the page; early, so that the first download does not wait. */
export async function startServiceWorker(): Promise<void> {
  if (!canStream()) return;
  await registerEngineFolder().catch(() => undefined);
  try {
    await navigator.serviceWorker.register('/sw.js');
  } catch (error) {
    // Without the server there may still be the one of before.
    isRefused = error instanceof DOMException && error.name !== 'NetworkError' && (await isServerThere());
    throw error;
  }
}

/**
 * Gives a file, or everything below several paths as a zip file, an address. `onEvent` is told how far the browser has read. Rejects with an {@link EngineError} when it
 * cannot be opened; `unsupported` without a service worker.
 */
export async function giveStream(
  {
    paths,
    shown,
    zip,
    offer,
  }: {
    readonly paths: readonly string[];
    readonly shown?: StreamArguments['shown'];
    readonly zip: ZipTexts | undefined;
    readonly offer: Omit<StreamOffer, 'size'>;
  },
  onEvent?: (event: GivenStreamEvent) => void,
): Promise<GivenStream> {
  if (!canStream()) {
    throw new EngineError({ code: 'unsupported', message: 'This page has no service worker.', data: {}, retry: 'never' });
  }
  listen();
  let worker = await activeWorker();
  const stop = new AbortController();
  const token = randomId();
  const tree = shownTree();
  const tell = (message: ServiceWorkerMessage, transfer: Transferable[] = []): void => {
    worker.postMessage(message, transfer);
  };
  /** Whether the browser is storing it: what breaks off then begins nowhere again. */
  let isUnderWay = false;

  /** Opens it, and offers it to the service worker. Gives its size. */
  const serve = async (): Promise<number | undefined> => {
    const { port1: enginePort, port2: workerPort } = new MessageChannel();
    const size = await new Promise<number | undefined>((resolve, reject) => {
      engine()
        .call(
          'stream.serve',
          { paths, shown, zip, port: enginePort },
          {
            signal: stop.signal,
            transfer: [enginePort],
            onEvent: (event) => {
              if (event.kind === 'ready') resolve(event.size);
              else {
                isUnderWay = offer.isDownload && event.kind === 'progress';
                onEvent?.(event);
              }
            },
          },
        )
        .catch(reject);
    });
    tell({ kind: 'offer', token, offer: { ...offer, size }, port: workerPort }, [workerPort]);
    return size;
  };

  const size = await serve();
  let serving: Promise<unknown> | undefined;
  given.set(token, (asking) => {
    worker = asking;
    if (isUnderWay) {
      isUnderWay = false;
      onEvent?.({ kind: 'broken' });
      return;
    }
    // The engine would look for it in what is shown now, which may have the same paths.
    if (shownTree() !== tree) return;
    // Who cannot open it now is asked again.
    serving ??= serve()
      .catch(() => undefined)
      .finally(() => (serving = undefined));
  });
  const awake = setInterval(() => {
    tell({ kind: 'awake', token });
  }, AWAKE_INTERVAL);
  return {
    address: `${STREAM_FOLDER}${token}/${encodeURIComponent(wellFormed(offer.name))}`,
    size,
    close: () => {
      clearInterval(awake);
      given.delete(token);
      tell({ kind: 'withdraw', token });
      stop.abort();
    },
  };
}

/** Answers the questions of service workers. */
function listen(): void {
  if (isListening) return;
  isListening = true;
  navigator.serviceWorker.addEventListener('message', ({ data, source }: MessageEvent<OfferQuestion>) => {
    if (data.kind === 'ask' && source instanceof ServiceWorker) given.get(data.token)?.(source);
  });
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
