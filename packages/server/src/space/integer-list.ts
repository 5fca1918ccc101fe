/** A growing list of 32-bit integers, four bytes each: for counts over millions of blocks. */
export class IntegerList {
  private values = new Int32Array(64);
  private used = 0;

  /** Number of values. */
  get length(): number {
    return this.used;
  }

  push(value: number): void {
    if (this.used === this.values.length) {
      const larger = new Int32Array(2 * this.used);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.used++] = value;
  }

  /** Takes the last value away; undefined when there is none. */
  pop(): number | undefined {
    return this.used === 0 ? undefined : this.values[--this.used];
  }

  /** The value at an index below {@link length}. */
  get(index: number): number {
    return this.values[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.values[index] = value;
  }
}
