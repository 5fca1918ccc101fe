import type { IncomingMessage } from 'node:http';
import { AbortedError, LimitError, PyrgosError } from '@pyrgos/core/errors';
import { LARGE_ANSWER_MEMORY, SMALL_BODY_SIZE } from '../limits.js';
import type { ByteBudget, ByteLease } from './byte-budget.js';
import { clientGroup } from './client-group.js';
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

/** Collects chunks into one array that grows with what arrives, and never beyond the limit. */
class Collector {
  private buffer: Uint8Array;
  private hasAsked = false;
  length = 0;
  /** Bytes of the whole body, as far as that is known, else the most that it may have. */
  readonly total: number;
  /** Bytes that it may take: those that need no lease, later those of the lease. One chunk may be there beyond them. */
  room = SMALL_BODY_SIZE;

  constructor(
    private readonly declared: number | undefined,
    private readonly limit: number,
    private readonly memory: BodyMemory | undefined,
  ) {
    this.total = declared ?? limit;
    this.buffer = new Uint8Array(Math.min(this.total, SMALL_BODY_SIZE));
  }

  add(chunk: Uint8Array): void {
    const needed = this.length + chunk.length;
    if (needed > this.limit) throw tooLarge(needed, this.limit);
    if (needed > this.buffer.length) this.enlarge(Math.min(this.total, Math.max(this.room, needed)));
    this.buffer.set(chunk, this.length);
    this.length = needed;
  }

  private enlarge(size: number): void {
    const grown = this.readyMemory(size) ?? new Uint8Array(this.isLikely ? this.total : size);
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  /** Memory that is there for such bodies is taken at once: of it, too, only what has arrived is ever touched. */
  private readyMemory(size: number): Uint8Array | undefined {
    if (this.declared === undefined || this.hasAsked) return undefined;
    this.hasAsked = true;
    const ready = this.memory?.(Math.min(this.declared, LARGE_ANSWER_MEMORY));
    return ready === undefined || ready.length < size ? undefined : ready;
  }

  /** Whether so much of it is there that the rest is worth its memory: one more copy of a large body takes as long as hashing it. */
  private get isLikely(): boolean {
    return this.declared !== undefined && this.length >= this.declared / 4;
  }

  /** How much is needed to go on, or undefined while there is enough: what has arrived, doubled. A claimed length costs a client nothing. */
  get wanted(): number | undefined {
    if (this.length <= this.room || this.length >= this.total) return undefined;
    let size = this.room;
    while (size <= this.length) size *= 2;
    return Math.min(this.total, size);
  }

  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}

/**
 * Reads the body of a request from node:http: at most `limit` bytes. What goes beyond SMALL_BODY_SIZE takes a share of the budget, which
 * grows with what has arrived; until there is one, nothing more is read from the socket. LimitError when the body is larger, AbortedError
 * when the client goes away or is evicted, OverloadError when the body is given up for others (see {@link RequestSlots}). `group`: whose
 * share of the budget it is, by default see {@link clientGroup}. `memory` is for large bodies; what is received is a view of it then.
 */
export async function receiveBody(
  incoming: IncomingMessage,
  limit: number,
  budget: ByteBudget,
  slots: RequestSlots,
  { group = clientGroup(incoming), memory }: { readonly group?: string; readonly memory?: BodyMemory | undefined } = {},
): Promise<ReceivedBody> {
  const { socket } = incoming;
  const declared = declaredLength(incoming.headers['content-length'], limit);
  const collector = new Collector(declared, limit, memory);
  if (incoming.destroyed || incoming.readableAborted || socket.destroyed) throw new AbortedError('reading the request');
  return new Promise<ReceivedBody>((resolve, reject) => {
    let lease: ByteLease | undefined;
    let isOver = false;
    const open = (): ByteLease =>
      budget.open(group, () => {
        incoming.destroy();
        socket.destroy();
      });
    const finish = (settle: () => void): void => {
      isOver = true;
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
    const grow = (share: ByteLease, wanted: number): void => {
      const granted = share.grow(wanted);
      if (granted === undefined) {
        collector.room = wanted;
        return;
      }
      incoming.pause();
      arriving.pause();
      void granted.then(() => {
        // It may have gone away while it waited.
        if (isOver) return;
        collector.room = wanted;
        arriving.progressed();
        incoming.resume();
      });
    };
    const onData = (chunk: Buffer): void => {
      try {
        collector.add(chunk);
      } catch (error) {
        fail(error);
        return;
      }
      arriving.progressed();
      lease?.progressed(collector.length);
      const { wanted } = collector;
      if (wanted !== undefined) grow((lease ??= open()), wanted);
    };
    const onEnd = (): void => {
      finish(() => {
        if (collector.length > SMALL_BODY_SIZE) lease ??= open();
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
  const open = (): ByteLease =>
    budget.open('', () => {
      evicted = true;
      reader.cancel().catch(() => undefined);
    });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      collector.add(next.value);
      arriving.progressed();
      lease?.progressed(collector.length);
      const { wanted } = collector;
      if (wanted === undefined) continue;
      lease ??= open();
      arriving.pause();
      await lease.grow(wanted);
      collector.room = wanted;
      arriving.progressed();
    }
    if (overload !== undefined) throw overload;
    if (evicted || (declared !== undefined && declared !== collector.length)) throw new AbortedError('reading the request');
    if (collector.length > SMALL_BODY_SIZE) lease ??= open();
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
