import { describe, expect, test } from 'vitest';
import { clear, extendTo, findByTyping, keepOnly, NO_SELECTION, selectAll, selectOnly, toggle } from './selection.js';

const order = ['/a/1', '/a/2', '/a/3', '/a/4', '/a/__proto__'];
const paths = ({ paths: selected }: { readonly paths: ReadonlySet<string> }): string[] => [...selected].sort();

describe('selecting', () => {
  test('one, another one too, and back', () => {
    const one = selectOnly('/a/2');
    expect(paths(toggle(one, '/a/__proto__'))).toEqual(['/a/2', '/a/__proto__']);
    expect(paths(toggle(toggle(one, '/a/4'), '/a/4'))).toEqual(['/a/2']);
  });

  test('a range goes from where it was begun, in both directions, and is drawn anew each time', () => {
    const begun = selectOnly('/a/2');
    const down = extendTo(begun, '/a/4', order);
    expect(paths(down)).toEqual(['/a/2', '/a/3', '/a/4']);
    expect(paths(extendTo(down, '/a/1', order))).toEqual(['/a/1', '/a/2']);
    expect(paths(extendTo(NO_SELECTION, '/a/3', order))).toEqual(['/a/3']);
    expect(paths(extendTo(selectOnly('/gone'), '/a/3', order))).toEqual(['/a/3']);
  });

  test('everything and nothing', () => {
    expect(paths(selectAll(NO_SELECTION, order))).toEqual([...order].sort());
    expect(clear(selectOnly('/a/2'))).toEqual({ paths: new Set(), focus: '/a/2', anchor: '/a/2' });
  });

  test('what is gone is not selected any more', () => {
    const selection = selectAll(selectOnly('/a/3'), order);
    const kept = keepOnly(selection, ['/a/1', '/a/4']);
    expect(paths(kept)).toEqual(['/a/1', '/a/4']);
    expect(kept.focus).toBeUndefined();
  });

  test('the focus of what is gone moves to its neighbour', () => {
    const after = (focus: string, left: readonly string[]): string | undefined => keepOnly(selectOnly(focus), left, order).focus;
    expect(after('/a/3', ['/a/1', '/a/2', '/a/4', '/a/__proto__'])).toBe('/a/4');
    expect(after('/a/__proto__', ['/a/1', '/a/2'])).toBe('/a/2');
    expect(after('/a/1', ['/b/1'])).toBeUndefined();
    expect(after('/c', order)).toBeUndefined();
    expect(after('/a/2', order)).toBe('/a/2');
  });
});

describe('typing', () => {
  const names = ['Apples', 'bananas', 'Ärger', 'berries', 'constructor'];
  test.each([
    [0, 'b', 1],
    [2, 'b', 3],
    [4, 'b', 1],
    [0, 'BE', 3],
    [0, 'ä', 2],
    [0, 'con', 4],
    [0, 'x', undefined],
  ])('from %i on, %s leads to %s', (from, typed, index) => {
    expect(findByTyping(names, from, typed, 'de')).toBe(index);
  });
  test('nothing to find in an empty list', () => {
    expect(findByTyping([], 0, 'a', 'en')).toBeUndefined();
  });
});
