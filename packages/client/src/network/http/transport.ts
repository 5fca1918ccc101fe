/** Why no answer came, or none to its end. */
export type FailureReason =
  /** Nothing was sent: no name, no route, nobody listens. Never said of a connection that was made. */
  | 'unreachable'
  /** No connection, or one that broke before an answer began, of which the platform tells no more (browsers): it is open as well. */
  | 'no-answer'
  /** The connection broke; whether the server did what was asked is open. */
  | 'broken'
  /** The same, on a kept connection that the other side had most likely given up before, or that carries the rest of an earlier answer. */
  | 'stale'
  /** What answers does not speak HTTP as it should. */
  | 'malformed'
  /** The server's certificate is not accepted. */
  | 'certificate';

/** The failure of a transport. Never leaves the network layer: it becomes a PyrgosError. */
export class TransportFailure extends Error {
  constructor(
    readonly reason: FailureReason,
    /** What the platform calls it: capital letters, digits and underscores, or empty. */
    readonly detail: string = '',
  ) {
    super(`the transport failed: ${reason}`);
    this.name = 'TransportFailure';
  }
}

/** One request. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  /** Begins with a slash; with the query. It may hold access tokens: not for logs. */
  readonly target: string;
  /** Sent one after the other and not copied where the platform allows it: do not change them. */
  readonly body: readonly Uint8Array[];
  /** Whether the answer never changes, so that a cache of the platform may keep it. */
  readonly isImmutable: boolean;
  readonly signal: AbortSignal;
}

/** The head of an answer, and its body to read. */
export interface TransportResponse {
  /** 0 for a redirect that the platform hides. */
  readonly status: number;
  /** The value of a header, whose name is in lower case. */
  header(name: string): string | undefined;
  /** Bytes of the body as the server announces it; undefined when it does not, or when the body is compressed. */
  readonly announcedSize: number | undefined;
  /**
   * Reads the body to its end, once, uncompressed. When `take` returns a promise nothing more is read until it resolves; what it throws
   * gives the rest up. TransportFailure for a body that is cut short.
   */
  read(take: (chunk: Uint8Array) => Promise<void> | undefined): Promise<void>;
}

/** How requests reach one server. Redirects are not followed. */
export interface Transport {
  /** TransportFailure, or whatever the platform throws when the signal is aborted. */
  send(request: TransportRequest): Promise<TransportResponse>;
  /** Closes idle connections. */
  close(): void;
}

/** What a transport is told. */
export interface TransportOptions {
  readonly server: URL;
  readonly maxConnections: number;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** System calls that come before anything can be sent: looking the name up, and connecting. */
const BEFORE_SENDING: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo']);

const CERTIFICATE = /CERT|^ERR_TLS|^ERR_SSL|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/u;
const MALFORMED = /^HPE_|^ERR_HTTP|^UND_ERR_(?:RES|HEADERS_OVERFLOW|INVALID|RESPONSE)|^Z_/u;

function detailOf(code: unknown): string {
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/u.test(code) ? code : '';
}

/**
 * The failure that a code of the platform means on a connection that was made, such as `ECONNRESET`. It leaves open what has arrived, whatever the
 * code: one that has lost its route fails with the code of one that was never made. `isReused`: on a kept connection, before any answer.
 */
export function failureOf(code: unknown, isReused = false): TransportFailure {
  const detail = detailOf(code);
  if (CERTIFICATE.test(detail)) return new TransportFailure('certificate', detail);
  // On a kept connection it may be the rest of an answer before: that says nothing about who answers.
  if (MALFORMED.test(detail) && !isReused) return new TransportFailure('malformed', detail);
  return new TransportFailure(isReused ? 'stale' : 'broken', detail);
}

/** The failure to make a connection, whatever the platform calls it: nothing was sent. */
export function failureToConnect(code: unknown): TransportFailure {
  return new TransportFailure('unreachable', detailOf(code));
}

/** Whether an error of the platform is about finding the server or making a connection: with several addresses, to each of them. */
export function isOfConnecting(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isOfConnecting);
  return error instanceof Error && BEFORE_SENDING.has((error as { readonly syscall?: unknown }).syscall);
}

/** The failure of a `fetch` that rejects: what the platform says, where it tells anything. */
export function failureOfFetch(error: unknown): TransportFailure {
  const code = codeOf(error);
  if (isOfConnecting(error) || (error instanceof Error && isOfConnecting(error.cause))) return failureToConnect(code);
  return code === undefined ? new TransportFailure('no-answer') : failureOf(code);
}

/** The `code` of an error of the platform, or of its cause. */
export function codeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === 'string') return code;
  return typeof cause === 'object' && cause !== null ? (cause as { readonly code?: unknown }).code : undefined;
}
