import { describe, expect, test } from 'vitest';
import { DifficultyGenerator } from './difficulty-generator.js';

function setUp(maxPerDay: number): { readonly generator: DifficultyGenerator; readonly pass: (milliseconds: number) => void } {
  let now = 1_700_000_000_000;
  const generator = new DifficultyGenerator({ now: () => now }, maxPerDay);
  return { generator, pass: (milliseconds) => void (now += milliseconds) };
}

describe('difficulty of the proof of work (chapter 05 section 17.2)', () => {
  test('events at one instant', () => {
    const { generator } = setUp(1000);
    const seen = Array.from({ length: 12 }, () => {
      const difficulty = generator.current();
      generator.addEvent();
      return difficulty;
    });
    expect(seen).toEqual([0, 25, 27, 28, 28, 29, 29, 29, 30, 30, 30, 30]);
  });

  test('one event every 100 ms', () => {
    const { generator, pass } = setUp(1000);
    const seen = Array.from({ length: 12 }, () => {
      const difficulty = generator.current();
      generator.addEvent();
      pass(100);
      return difficulty;
    });
    expect(seen).toEqual([0, 24, 36, 38, 48, 50, 50, 51, 60, 62, 62, 63]);
  });

  test('nobody gets in when no events are allowed', () => {
    const { generator, pass } = setUp(0);
    expect(generator.current()).toBe(256);
    pass(86_400_000 * 10);
    expect(generator.current()).toBe(256);
  });

  test('a flood is forgotten after two days', () => {
    const { generator, pass } = setUp(10);
    for (let i = 0; i < 1000; i++) generator.addEvent();
    const flooded = generator.current();
    expect(flooded).toBeGreaterThan(20);
    pass(3_600_000);
    expect(generator.current()).toBeGreaterThan(0);
    pass(2 * 86_400_000);
    expect(generator.current()).toBe(0);
  });

  test('a rate within the allowance stays free of work', () => {
    const { generator, pass } = setUp(86_400);
    for (let i = 0; i < 1000; i++) {
      pass(20_000);
      expect(generator.current()).toBe(0);
      generator.addEvent();
      pass(20_000);
    }
  });

  test('a clock that is set back does no harm', () => {
    const { generator, pass } = setUp(1000);
    generator.addEvent();
    pass(-3_600_000);
    expect(generator.current()).toBe(25);
    pass(3_600_000);
    expect(generator.current()).toBe(25);
  });
});
