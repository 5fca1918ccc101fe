import { concatBytes } from '@pyrgos/core/bytes';
import { BodyJoiner, type JoinedBody } from './joined-body.js';
import {
  codeOf,
  failureOf,
  failureOfFetch,
  type Transport,
  TransportFailure,
  type TransportOptions,
  type TransportRequest,
  type TransportResponse,
} from './transport.js';

/** The part of the web platform's `fetch` that is used here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Bytes from which it is worth to keep memory. */
const JOINER_MINIMUM = 65_536;

/**
 * The body as fetch takes it; several parts become one. They are no blob: Chromium sends a blob to another process and from there to a third, which takes a
 * quarter more of the processor's time.
 */
function payload(parts: readonly Uint8Array[], joiner: BodyJoiner): Partial<JoinedBody> {
  const [only] = parts;
  if (only === undefined) return {};
  if (parts.length === 1 && isUnshared(only)) return { bytes: only };
  return parts.reduce((sum, { length }) => sum + length, 0) < JOINER_MINIMUM ? { bytes: concatBytes(...parts) } : joiner.join(parts);
}

function isUnshared(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}

class FetchResponse implements TransportResponse {
  constructor(private readonly response: Response) {}

  get status(): number {
    return this.response.status;
  }

  get announcedSize(): number | undefined {
    const text = this.response.headers.get('content-length');
    // With a compressed body the length is that of the compressed form.
    if (text === null || this.response.headers.has('content-encoding') || !/^[0-9]{1,15}$/u.test(text)) return undefined;
    return Number(text);
  }

  header(name: string): string | undefined {
    return this.response.headers.get(name) ?? undefined;
  }

  async read(take: (chunk: Uint8Array) => Promise<void> | undefined): Promise<void> {
    const { body } = this.response;
    if (body === null) return;
    const reader = body.getReader();
    for (;;) {
      let result;
      try {
        result = await reader.read();
      } catch (error) {
        throw failureOf(codeOf(error));
      }
      if (result.done) return;
      try {
        const pause = take(result.value);
        if (pause !== undefined) await pause;
      } catch (error) {
        // Its outcome does not matter: the answer is given up.
        reader.cancel().catch(() => undefined);
        throw error;
      }
    }
  }
}

/** Requests through `fetch`, wherever there is one. */
export function createFetchTransport(fetch: Fetch, { server, headers }: TransportOptions): Transport {
  const joiner = new BodyJoiner();
  return {
    send: async (request: TransportRequest) => {
      const { bytes: body, release } = payload(request.body, joiner);
      try {
        const response = await fetch(`${server.origin}${request.target}`, {
          method: request.method,
          headers,
          signal: request.signal,
          redirect: 'manual',
          referrerPolicy: 'no-referrer',
          cache: request.isImmutable ? 'default' : 'no-store',
          ...(body === undefined ? {} : { body }),
        });
        // Not after a failure: a fetch that somebody else has written may still be looking at it.
        release?.();
        return new FetchResponse(response);
      } catch (error) {
        if (error instanceof TransportFailure || request.signal.aborted) throw error;
        throw failureOfFetch(error);
      }
    },
    close: () => undefined,
  };
}
