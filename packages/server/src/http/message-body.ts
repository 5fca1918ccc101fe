import type { IncomingMessage } from 'node:http';
import { AbortedError, LimitError, PyrgosError } from '@pyrgos/core/errors';
import { SMALL_BODY_SIZE } from '../limits.js';
import type { ByteBudget, ByteLease } from './byte-budget.js';
import type { OverloadError, RequestSlots } from './request-slots.js';

/** The bytes of a request body and the share of the budget that they occupy, if any. Release it when the bytes are no longer used. */
export interface ReceivedBody {
  readonly bytes: Uint8Array;
  readonly lease: ByteLease | undefined;
}

/** Gives memory of at least this size with any content, or undefined: then fresh memory is taken. */
type BodyMemory = (size: number) => Uint8Array | undefined;

function tooLarge(size: number, limit: number): LimitError {
  return new LimitError('request body', size, limit);
}

function declaredLength(header: string | undefined, limit: number): number | undefined {
  if (header === undefined) return undefined;
  const length = Number(header);
  if (!Number.isSafeInteger(length) || length < 0) throw new PyrgosError('format.request', 'Content-Length is no number');
  if (length > limit) throw tooLarge(length, limit);
  return length;
}

/** Collects chunks into one array that grows to the declared length at once, or by doubling, and never beyond the limit. */
class Collector {
  private buffer: Uint8Array;
  length = 0;

  constructor(
    private readonly declared: number | undefined,
    private readonly limit: number,
    private readonly memory: BodyMemory | undefined,
  ) {
    // A large body gets its memory when enough of it has arrived to be worth it: a claimed length costs a client nothing.
    this.buffer = new Uint8Array(Math.min(declared ?? limit, SMALL_BODY_SIZE));
  }

  add(chunk: Uint8Array): void {
    const needed = this.length + chunk.length;
    if (needed > this.limit) throw tooLarge(needed, this.limit);
    if (needed > this.buffer.length) {
      const size = this.declared ?? Math.min(this.limit, Math.max(needed, this.buffer.length * 2));
      const grown = this.memory?.(size) ?? new Uint8Array(size);
      grown.set(this.buffer.subarray(0, this.length));
      this.buffer = grown;
    }
    this.buffer.set(chunk, this.length);
    this.length = needed;
  }

  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}

/**
 * Reads the body of a request from node:http: at most `limit` bytes, copied once. Bodies beyond SMALL_BODY_SIZE take a share of the
 * budget first; until there is one, nothing more is read from the socket. LimitError when the body is larger, AbortedError when the
 * client goes away or is evicted, OverloadError when the body is given up for others (see {@link RequestSlots}). `memory` is for
 * large bodies; what is received is a view of it then.
 */
export async function receiveBody(
  incoming: IncomingMessage,
  limit: number,
  budget: ByteBudget,
  slots: RequestSlots,
  memory?: BodyMemory,
): Promise<ReceivedBody> {
  const declared = declaredLength(incoming.headers['content-length'], limit);
  const collector = new Collector(declared, limit, memory);
  if (incoming.destroyed || incoming.readableAborted) throw new AbortedError('reading the request');
  return new Promise<ReceivedBody>((resolve, reject) => {
    let lease: ByteLease | undefined;
    const finish = (settle: () => void): void => {
      arriving.end();
      incoming.off('data', onData);
      incoming.off('end', onEnd);
      incoming.off('close', onClose);
      incoming.off('error', onClose);
      settle();
    };
    const fail = (error: unknown): void => {
      lease?.release();
      finish(() => {
        reject(error instanceof Error ? error : new AbortedError('reading the request'));
      });
    };
    const arriving = slots.receive(fail);
    const reserve = async (): Promise<void> => {
      incoming.pause();
      arriving.pause();
      const granted = await budget.acquire(declared ?? limit, () => incoming.destroy());
      lease = granted;
      if (incoming.destroyed) {
        // It went away while it waited, and 'close' has been handled already.
        granted.release();
        return;
      }
      arriving.progressed();
      incoming.resume();
    };
    let reserved = (declared ?? limit) <= SMALL_BODY_SIZE;
    const onData = (chunk: Buffer): void => {
      try {
        collector.add(chunk);
      } catch (error) {
        fail(error);
        return;
      }
      arriving.progressed();
      if (!reserved && collector.length > SMALL_BODY_SIZE / 2) {
        reserved = true;
        void reserve();
      }
    };
    const onEnd = (): void => {
      finish(() => {
        lease?.settle();
        lease?.resize(collector.length);
        resolve({ bytes: collector.finish(), lease });
      });
    };
    const onClose = (): void => {
      fail(new AbortedError('reading the request'));
    };
    incoming.on('data', onData);
    incoming.on('end', onEnd);
    incoming.on('close', onClose);
    incoming.on('error', onClose);
  });
}

/** The same for a Fetch request that did not come from node:http: in-process calls and libp2p streams. */
export async function receiveStream(request: Request, limit: number, budget: ByteBudget, slots: RequestSlots): Promise<ReceivedBody> {
  const declared = declaredLength(request.headers.get('content-length') ?? undefined, limit);
  if (request.body === null) return { bytes: new Uint8Array(), lease: undefined };
  const collector = new Collector(declared, limit, undefined);
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  let lease: ByteLease | undefined;
  let evicted = false;
  let overload: OverloadError | undefined;
  const arriving = slots.receive((reason) => {
    overload = reason;
    reader.cancel().catch(() => undefined);
  });
  try {
    if ((declared ?? limit) > SMALL_BODY_SIZE) {
      arriving.pause();
      lease = await budget.acquire(declared ?? limit, () => {
        evicted = true;
        reader.cancel().catch(() => undefined);
      });
    }
    arriving.progressed();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      collector.add(next.value);
      arriving.progressed();
    }
    if (overload !== undefined) throw overload;
    if (evicted || (declared !== undefined && declared !== collector.length)) throw new AbortedError('reading the request');
    lease?.settle();
    lease?.resize(collector.length);
    return { bytes: collector.finish(), lease };
  } catch (error) {
    lease?.release();
    await reader.cancel().catch(() => undefined);
    throw error instanceof PyrgosError ? error : new AbortedError('reading the request');
  } finally {
    arriving.end();
  }
}
