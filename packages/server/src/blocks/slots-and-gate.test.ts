import { describe, expect, test } from 'vitest';
import { BoundedMap } from './bounded-map.js';
import { nextTurn } from './next-turn.js';
import { PutGate } from './put-gate.js';
import { Slots } from './slots.js';

function latch(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

describe('Slots', () => {
  test('never more at a time than allowed, in order, also after failures', async () => {
    const slots = new Slots(3);
    let [running, most] = [0, 0];
    const order: number[] = [];
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        slots.run(async () => {
          running++;
          most = Math.max(most, running);
          order.push(i);
          await nextTurn();
          running--;
          if (i % 3 === 0) throw new Error('failed');
        }),
      ),
    );
    expect([most, running]).toEqual([3, 0]);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(results.filter(({ status }) => status === 'rejected').length).toBe(7);
    expect(await slots.run(async () => 'again')).toBe('again');
  });
});

describe('BoundedMap', () => {
  test('forgets what was used longest ago', () => {
    const map = new BoundedMap<number>(3);
    for (const [i, key] of ['a', 'b', 'c'].entries()) map.set(key, i);
    expect(map.get('a')).toBe(0);
    expect(map.has('b')).toBe(true);
    map.set('d', 3);
    expect(['a', 'b', 'c', 'd'].map((key) => map.has(key))).toEqual([true, false, true, true]);
    map.set('a', 5);
    map.delete('c');
    expect([map.get('a'), map.get('c'), map.size]).toEqual([5, undefined, 2]);
  });
});

describe('PutGate', () => {
  test('an upload waits for a deletion of one of its blocks', async () => {
    const gate = new PutGate();
    const deletion = latch();
    const deleting = gate.duringDeletion(['a', 'b'], () => deletion.promise);
    expect(gate.isBeingDeleted('a')).toBe(true);
    let entered = false;
    const entering = gate.enterPut(['x', 'b']).then((leave) => {
      entered = true;
      return leave;
    });
    await nextTurn();
    expect([entered, gate.isBeingPut('x')]).toEqual([false, false]);
    const leaveOther = await gate.enterPut(['x']);
    expect(gate.isBeingPut('x')).toBe(true);
    deletion.open();
    await deleting;
    const leave = await entering;
    expect([gate.isBeingPut('b'), gate.isBeingDeleted('b'), gate.isBeingPutTwice('x'), gate.isBeingPutTwice('b')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    leave();
    expect([gate.isBeingPut('b'), gate.isBeingPut('x')]).toEqual([false, true]);
    leaveOther();
    expect(gate.isBeingPut('x')).toBe(false);
  });

  test('a deletion that fails lets uploads go on', async () => {
    const gate = new PutGate();
    await expect(gate.duringDeletion(['a'], () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    (await gate.enterPut(['a']))();
  });
});
