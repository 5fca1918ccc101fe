/** Bytes of the memory that is kept for bodies; larger ones, which are rare, get memory of their own. */
const MEMORY_SIZE = 1_114_112;
/** How many are kept at most. */
const MAX_KEPT = 4;

/** One body, of several parts that were put together. */
export interface JoinedBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Lets later bodies have the memory. To be called once, and only when nobody looks at the bytes any more: the answer has come. */
  release(): void;
}

/**
 * Puts the parts of bodies together, in memory that is used again: fresh memory for each costs a browser time. A body that is
 * never released keeps its memory to itself.
 */
export class BodyJoiner {
  private readonly kept: Uint8Array<ArrayBuffer>[] = [];

  /** The parts, one after the other. */
  join(parts: readonly Uint8Array[]): JoinedBody {
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    const isKept = size <= MEMORY_SIZE;
    const memory = (isKept ? this.kept.pop() : undefined) ?? new Uint8Array(isKept ? MEMORY_SIZE : size);
    let end = 0;
    for (const part of parts) {
      memory.set(part, end);
      end += part.length;
    }
    const release = (): void => {
      if (isKept && this.kept.length < MAX_KEPT) this.kept.push(memory);
    };
    return { bytes: memory.subarray(0, end), release };
  }
}
