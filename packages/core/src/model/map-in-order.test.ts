import { describe, expect, test } from 'vitest';
import { mapInOrder } from './map-in-order.js';

async function* numbers(count: number, onEnd: () => void = () => undefined): AsyncGenerator<number, void, undefined> {
  try {
    for (let i = 0; i < count; i++) yield i;
  } finally {
    onEnd();
  }
}

async function pause(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 1);
  });
}

describe('mapping in order', () => {
  test('gives results in the order of the elements, some at a time', async () => {
    let running = 0;
    let most = 0;
    const work = async (n: number): Promise<number> => {
      most = Math.max(most, ++running);
      for (let i = 0; i < 5 - (n % 5); i++) await pause();
      running--;
      return n * 10;
    };
    const results: number[] = [];
    for await (const result of mapInOrder(numbers(20), work, 4)) results.push(result);
    expect(results).toEqual(Array.from({ length: 20 }, (_, i) => i * 10));
    expect(most).toBe(4);
    const ofList: number[] = [];
    for await (const result of mapInOrder([1, 2, 3], work, 1)) ofList.push(result);
    expect(ofList).toEqual([10, 20, 30]);
  });

  test('gives what came before a failure, of the work or of the source', async () => {
    const results: number[] = [];
    const failing = async (n: number): Promise<number> => {
      if (n === 3) throw new Error('three');
      return n;
    };
    await expect(
      (async () => {
        for await (const result of mapInOrder(numbers(10), failing, 4)) results.push(result);
      })(),
    ).rejects.toThrow('three');
    expect(results).toEqual([0, 1, 2]);
    async function* broken(): AsyncGenerator<number, void, undefined> {
      yield* numbers(3);
      throw new Error('source');
    }
    results.length = 0;
    await expect(
      (async () => {
        for await (const result of mapInOrder(broken(), async (n) => n, 10)) results.push(result);
      })(),
    ).rejects.toThrow('source');
    expect(results).toEqual([0, 1, 2]);
  });

  test('closes the source when the reader stops, or a work fails', async () => {
    let ended = 0;
    for await (const result of mapInOrder(
      numbers(10, () => ended++),
      async (n) => n,
      2,
    )) {
      if (result === 1) break;
    }
    expect(ended).toBe(1);
    const failing = mapInOrder(
      numbers(10, () => ended++),
      async () => Promise.reject(new Error('no')),
      1,
    );
    await expect(failing.next()).rejects.toThrow('no');
    expect(ended).toBe(2);
  });
});
