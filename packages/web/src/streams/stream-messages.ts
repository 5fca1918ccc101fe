/** What the service worker asks of the engine, over the port of one thing that is given out. Several streams of it may be open: a player seeks. */
export type StreamRequest =
  /** Begins the bytes [start, end). */
  | { readonly kind: 'open'; readonly stream: number; readonly start: number; readonly end: number | undefined }
  /** Wants the next piece. */
  | { readonly kind: 'pull'; readonly stream: number }
  /** Does not want any more. */
  | { readonly kind: 'cancel'; readonly stream: number };

/** What the engine answers. */
export type StreamReply =
  | { readonly kind: 'piece'; readonly stream: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end'; readonly stream: number }
  | { readonly kind: 'failed'; readonly stream: number };

/** What the page asks of the service worker. */
export type ServiceWorkerMessage =
  /** Gives out a thing at `/stream/<token>/<name>` from now on. The port leads to the engine. */
  | { readonly kind: 'offer'; readonly token: string; readonly offer: StreamOffer; readonly port: MessagePort }
  | { readonly kind: 'withdraw'; readonly token: string }
  /** Keeps the worker awake while something is under way; one that was restarted all the same asks for what is given out. */
  | { readonly kind: 'awake'; readonly token: string };

/** What the service worker asks of pages: browsers end and restart it, and update it, as they like, and then it does not know what is given out. */
export interface OfferQuestion {
  readonly kind: 'ask';
  readonly token: string;
}

/** How a thing is given out. */
export interface StreamOffer {
  readonly name: string;
  /** Bytes; undefined when only the end tells. */
  readonly size: number | undefined;
  /** For players and pictures; a download is always `application/octet-stream`. */
  readonly mimeType: string;
  /** Whether the browser stores it instead of showing it. */
  readonly isDownload: boolean;
}

/** The folder of addresses that the service worker answers itself. */
export const STREAM_FOLDER = '/stream/';
