// The service worker: answers addresses below /stream/ with what the engine decrypts, piece by piece, so that a browser can store or play files of any
// size; and keeps the page itself, so that it opens without the server. It holds no keys. One file when it is built, with little in it.
import { attachment } from '../streams/content-disposition.js';
import { GivenOut } from '../streams/given-out.js';
import { parseRange } from '../streams/parse-range.js';
import { type OfferQuestion, type ServiceWorkerMessage, STREAM_FOLDER } from '../streams/stream-messages.js';

/** What is needed of the scope of a service worker; the library of types for workers cannot be beside that for pages. */
interface ServiceWorkerScope {
  readonly location: Location;
  readonly clients: {
    claim(): Promise<void>;
    /** Undefined when the page is gone. */
    get(id: string): Promise<Asked | undefined>;
    matchAll(options: { readonly includeUncontrolled: boolean }): Promise<readonly Asked[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: { waitUntil(work: Promise<unknown>): void }) => void): void;
  addEventListener(
    type: 'fetch',
    listener: (event: { readonly request: Request; respondWith(response: Promise<Response> | Response): void }) => void,
  ): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<ServiceWorkerMessage>) => void): void;
}
/** A page. */
interface Asked {
  postMessage(message: OfferQuestion): void;
}
const scope = globalThis as unknown as ServiceWorkerScope;

/** The files of this version of the page; the build says which. */
declare const PAGE_FILES: readonly string[];
/** A name for them that is another one for every version. */
declare const PAGE_CACHE: string;

/** Milliseconds that an address waits for its offer before pages are asked: the two come by different ways, and either may be first. */
const ASK_AFTER = 250;
/** Milliseconds that an address waits for its offer at all: a page that is asked has to open the file again. */
const OFFER_PATIENCE = 20_000;

const offered = new Map<string, GivenOut>();
const awaited = new Map<string, Set<() => void>>();

scope.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      // A browser that keeps nothing can still store and play files.
      await keepPage().catch(() => undefined);
      await scope.skipWaiting();
    })(),
  );
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      await forgetOldPages().catch(() => undefined);
      await scope.clients.claim();
    })(),
  );
});

scope.addEventListener('message', ({ data, source }) => {
  if (data.kind === 'withdraw') offered.get(data.token)?.end();
  if (data.kind === 'awake' && !offered.has(data.token)) source?.postMessage({ kind: 'ask', token: data.token } satisfies OfferQuestion);
  if (data.kind !== 'offer') return;
  const { token, offer, port } = data;
  if (offered.has(token)) {
    // Asked for twice; streams of the first are under way.
    port.close();
    return;
  }
  const page = source !== null && 'id' in source && typeof source.id === 'string' ? source.id : undefined;
  const surroundings = { isPageThere: async () => isPageThere(page), sleep };
  offered.set(token, new GivenOut(offer, port, surroundings, () => offered.delete(token)));
  for (const go of awaited.get(token) ?? []) go();
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== scope.location.origin) return;
  if (pathname.startsWith(STREAM_FOLDER)) event.respondWith(stream(request, pathname));
  else if (request.mode === 'navigate' && isPage(pathname)) event.respondWith(pageFirstFromServer(request));
  else if (pathname !== '/' && PAGE_FILES.includes(pathname)) event.respondWith(fileFirstFromCache(request));
});

async function keepPage(): Promise<void> {
  const cache = await caches.open(PAGE_CACHE);
  await cache.addAll(PAGE_FILES);
}

async function forgetOldPages(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith('pyrgos-page-') && name !== PAGE_CACHE);
  await Promise.all(old.map(async (name) => caches.delete(name)));
}

/** What was kept for a request, if anything was. */
async function kept(request: Request | string): Promise<Response | undefined> {
  try {
    return await (await caches.open(PAGE_CACHE)).match(request);
  } catch {
    return undefined;
  }
}

/** Whether an address is the app's, and not the server's API or what somebody has published. */
function isPage(pathname: string): boolean {
  return pathname === '/' || pathname === '/index.html' || pathname.startsWith('/secret/');
}

/** The page as the server has it now; without the server, or when it takes long, as it was kept. */
async function pageFirstFromServer(request: Request): Promise<Response> {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(5000) });
    if (response.status < 500) return response;
    return (await kept('/')) ?? response;
  } catch (error) {
    const page = await kept('/');
    if (page === undefined) throw error;
    return page;
  }
}

/** Files have a name for each version, so the kept one is the right one. */
async function fileFirstFromCache(request: Request): Promise<Response> {
  return (await kept(request)) ?? fetch(request);
}

/** Answers with what the engine decrypts. */
async function stream(request: Request, pathname: string): Promise<Response> {
  const [token = ''] = pathname.slice(STREAM_FOLDER.length).split('/');
  if (!offered.has(token)) await offerOf(token);
  const thing = offered.get(token);
  // The page is gone.
  if (thing === undefined) return new Response(null, { status: 404 });
  const { offer } = thing;
  const headers = new Headers({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // What is shown in a frame or by a player is never a page of ours.
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'content-type': offer.isDownload ? 'application/octet-stream' : offer.mimeType,
  });
  if (offer.isDownload) headers.set('content-disposition', attachment(offer.name));
  if (offer.size === undefined) return new Response(thing.open(0, undefined), { headers });

  headers.set('accept-ranges', 'bytes');
  const range = parseRange(request.headers.get('range'), offer.size);
  if (range === 'unsatisfiable') {
    headers.set('content-range', `bytes */${offer.size}`);
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: offer.size };
  headers.set('content-length', String(end - start));
  if (range !== undefined) headers.set('content-range', `bytes ${start}-${end - 1}/${offer.size}`);
  return new Response(thing.open(start, end), { status: range === undefined ? 200 : 206, headers });
}

/** Waits until a thing is given out, or for as long as that may take. */
async function offerOf(token: string): Promise<void> {
  const waiting = awaited.get(token) ?? new Set();
  awaited.set(token, waiting);
  await new Promise<void>((resolve) => {
    waiting.add(resolve);
    setTimeout(() => void askPages(token), ASK_AFTER);
    setTimeout(resolve, OFFER_PATIENCE);
  });
  awaited.delete(token);
}

/** The browser may have ended this worker since a thing was given out: the page that has given it does so again. */
async function askPages(token: string): Promise<void> {
  if (offered.has(token)) return;
  for (const page of await scope.clients.matchAll({ includeUncontrolled: true })) page.postMessage({ kind: 'ask', token });
}

/** Whether a page has not been closed; of one that nobody knows it is taken for granted. */
async function isPageThere(id: string | undefined): Promise<boolean> {
  if (id === undefined) return true;
  try {
    return (await scope.clients.get(id)) !== undefined;
  } catch {
    return true;
  }
}

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
