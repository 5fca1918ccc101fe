import { OperationView, type View } from '../view/index.js';
import type { ByteSource, OpenedSource } from './byte-source.js';

/**
 * A source that is read inside an operation: its code runs while the operation lends its turn ({@link OperationView.lend}), because it may make changes
 * of its own. Outside of operations, and of bytes and blobs, the source as it is.
 */
export function lentSource(view: View, source: OpenedSource): OpenedSource {
  if (!source.isCode || !(view instanceof OperationView)) return source;
  return { ...source, open: (offset, signal) => piecesVia(() => view, source.open(offset, signal)) };
}

/**
 * The source of a call that may need several operations, one after the other, and is read in between as well: whichever operation runs lends
 * its turn.
 */
export class CallerSource {
  /** What runs now. */
  private operation: OperationView | undefined;
  private opens = 0;

  constructor(private readonly opened: OpenedSource) {}

  /** Whether anything was read of a source that can be read only once. */
  get isSpent(): boolean {
    return this.opens > 0 && !this.opened.isRepeatable;
  }

  /** The source, for whoever runs in {@link CallerSource.during}, or in no operation. */
  wrap(source: ByteSource): ByteSource {
    const { opened } = this;
    if (!opened.isCode) return source;
    const open = (offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array> => {
      this.opens++;
      return piecesVia(() => this.operation, opened.open(offset, signal));
    };
    const { size } = opened;
    return size === undefined ? { [Symbol.asyncIterator]: () => open(0)[Symbol.asyncIterator]() } : { size, open };
  }

  /** Runs a part of an operation that reads the source. */
  async during<T>(operation: OperationView, work: () => Promise<T>): Promise<T> {
    this.operation = operation;
    try {
      return await work();
    } finally {
      this.operation = undefined;
    }
  }
}

function piecesVia(current: () => OperationView | undefined, pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      const inner = pieces[Symbol.asyncIterator]();
      return {
        next: async () => {
          const operation = current();
          return operation === undefined ? inner.next() : (await operation.lend(async () => inner.next())).result;
        },
        return: async () => {
          await inner.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/**
 * The elements of an iteration that takes long, such as chunks that are being uploaded: while one is waited for, the operation lends its turn. Whoever takes them must
 * catch up with what others have committed before it commits itself, when {@link OperationView.wasLent}.
 */
export async function* lending<T>(operation: OperationView, elements: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const iterator = elements[Symbol.asyncIterator]();
  let isFinished = false;
  try {
    for (;;) {
      const { result } = await operation.lend(async () => iterator.next());
      if (result.done === true) {
        isFinished = true;
        return;
      }
      yield result.value;
    }
  } finally {
    if (!isFinished) await iterator.return?.();
  }
}
