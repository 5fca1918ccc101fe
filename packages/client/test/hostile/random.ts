import { seededRandom } from '@pyrgos/testkit/random';

/** The choices of one case: the same for the same seed and number. */
export class Choices {
  private readonly source: ReturnType<typeof seededRandom>;

  constructor(seed: number, id: number) {
    this.source = seededRandom(Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(id + 1, 40_503));
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return this.source.nextInteger(bound);
  }

  chance(fraction: number): boolean {
    return this.below(1000) < fraction * 1000;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to choose from');
    return list[this.below(list.length)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(this.source.randomBytes(length));
  }

  shuffle<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j] as T, out[i] as T];
    }
    return out;
  }
}
