/** Row ids in one page of the set; a page takes 4 KiB. */
const PAGE_BITS = 32_768;

/**
 * A set of row ids, one bit each, in pages that are made when they are needed. Row ids are given in order of arrival, so those of one user lie
 * close together: a million blocks take 128 KiB when nobody else wrote meanwhile. At worst every block is in a page of its own; the
 * whole set never takes more than one bit for each row id in use.
 */
export class IdSet {
  private readonly pages = new Map<number, Uint8Array>();
  private count = 0;

  /** Number of ids. */
  get size(): number {
    return this.count;
  }

  /** Adds an id; false when it was there. */
  add(id: number): boolean {
    const pageNumber = Math.floor(id / PAGE_BITS);
    let page = this.pages.get(pageNumber);
    if (page === undefined) {
      page = new Uint8Array(PAGE_BITS / 8);
      this.pages.set(pageNumber, page);
    }
    const bit = id % PAGE_BITS;
    const [index, mask] = [bit >> 3, 1 << (bit & 7)];
    const byte = page[index] ?? 0;
    if ((byte & mask) !== 0) return false;
    page[index] = byte | mask;
    this.count++;
    return true;
  }

  /** Whether an id is there. */
  has(id: number): boolean {
    const bit = id % PAGE_BITS;
    const byte = this.pages.get(Math.floor(id / PAGE_BITS))?.[bit >> 3] ?? 0;
    return (byte & (1 << (bit & 7))) !== 0;
  }
}
