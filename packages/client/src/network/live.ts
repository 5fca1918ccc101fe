import type { WatchAnswer, WatchedPointer } from '@pyrgos/core/api';
import type { Signer } from '@pyrgos/core/keys';

/** What a server is asked to wait for. */
export interface LiveCall {
  /** At most MAX_WATCHED_POINTERS, each writer once. */
  readonly pointers: readonly WatchedPointer[];
  /** The own follow requests; `mark`: what the last answer gave. */
  readonly requests?: { readonly owner: Signer; readonly mark: Uint8Array | undefined } | undefined;
  /** Seconds after which the answer is wanted in any case; default the server's choice. */
  readonly seconds?: number | undefined;
}

/** Waiting for changes (chapter 02 section 24): an addition of Pyrgos. */
export interface Live {
  /** Waits until something is not what the marks say, or the time is over. Never repeated. `unsupported` where there is no such call. What it says is not verified. */
  watch(call: LiveCall, signal?: AbortSignal): Promise<WatchAnswer>;
}
