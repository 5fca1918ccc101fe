/** Bytes after which the random bytes come again, otherwise turned. */
const PIECE_SIZE = 1_048_576;

/** Spreads numbers that follow each other over 32 bits. */
const GOLDEN_RATIO = 0x9e3779b9;

/** Bytes by which each piece is turned against the one before it: odd, so that no two of the first million pieces are the same. */
const TURN = 40_503;

/** Random bytes (xorshift32), twice the same. */
function randomTwice(size: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = Math.imul(seed + 1, GOLDEN_RATIO) | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  const bytes = new Uint8Array(words.buffer, 0, size);
  const twice = new Uint8Array(2 * size);
  twice.set(bytes);
  twice.set(bytes, size);
  return twice;
}

/**
 * Content that does not compress, at next to no cost: one MiB of random bytes, which begins at another of its bytes in every MiB of the
 * content. Nobody holds it, and any part of it can be compared, which notices pieces that were swapped. The same `seed` gives the same content.
 */
export class RandomContent {
  constructor(
    readonly size: number,
    private readonly seed: number,
  ) {}

  /** What a client uploads. */
  async *open(offset: number): AsyncGenerator<Uint8Array, void, undefined> {
    const pieces = this.pieces();
    for (let at = offset; at < this.size;) {
      const piece = pieces(at);
      yield piece;
      at += piece.length;
    }
  }

  /** What compares bytes with those at an offset of the content, and throws when they are others. */
  checker(): (offset: number, bytes: Uint8Array) => void {
    const pieces = this.pieces();
    return (offset, bytes) => {
      for (let at = 0; at < bytes.length;) {
        const expected = pieces(offset + at);
        const part = bytes.subarray(at, at + expected.length);
        if (Buffer.compare(part, expected.subarray(0, part.length)) !== 0)
          throw new Error(`other bytes than uploaded behind ${offset + at}`);
        at += part.length;
      }
    };
  }

  /** The content from an offset to the end of its piece. */
  private pieces(): (offset: number) => Uint8Array {
    const { size, seed } = this;
    const period = Math.min(PIECE_SIZE, size);
    const twice = randomTwice(period, seed);
    return (offset) => {
      const index = Math.floor(offset / PIECE_SIZE);
      const turn = (index * TURN) % period;
      return twice.subarray(turn + offset - index * PIECE_SIZE, turn + Math.min(PIECE_SIZE, size - index * PIECE_SIZE));
    };
  }
}
