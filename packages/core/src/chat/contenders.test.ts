import { expect, test } from 'vitest';
import { type MemoryChat, type MemoryUser, memoryUsers } from '../../test/chat-world.js';
import { PlantedMember } from '../../test/planted-member.js';
import { MAX_CHAT_CONTENDERS_SIZE, MAX_CHAT_OTHER_CONTENDERS_SIZE, MAX_CHAT_PROPERTIES_LENGTH } from '../limits.js';
import { GroupProperty } from './group-property.js';
import { MemberId } from './member-id.js';
import { PrivateChatState } from './private-chat-state.js';
import { updateProperty } from './property-updates.js';
import { TreeClock } from './tree-clock.js';

/** Values that many set at the same time (chapter 07 section 7.3): whoever sets them, the own copy can be written and read again. */

/** Bob, and 17 members whom mallory has invited. */
async function crowd(): Promise<{ bob: MemoryChat; mallory: MemoryChat; planted: readonly PlantedMember[] }> {
  const [bob, mallory] = memoryUsers(['bob', 'mallory']) as [MemoryUser, MemoryUser];
  const first = await bob.create();
  await first.update(async (replica) => replica.invite([mallory.invitee]));
  const other = await first.copyTo(mallory);
  await first.pull(other);
  const planted = Array.from({ length: 17 }, (_, i) => new PlantedMember(`s${i}`, MemberId.parse(`0.0.${i}`), other));
  for (const [i, member] of planted.entries()) other.log.push(member.invite(2 + i), member.join());
  expect(await first.pull(other)).toMatchObject([{ applied: 34, refused: 0 }]);
  return { bob: first, mallory: other, planted };
}

test('long values and large clocks do not make the private state too large', async () => {
  const { bob, mallory, planted } = await crowd();
  const many = Array.from({ length: 2000 }, (_, i) => [MemberId.parse(`9.${i}`), 1] as const);
  const long = 'x'.repeat(400_000);
  for (const key of ['k0', 'k1', 'k2', 'title']) {
    for (const [i, member] of planted.entries()) {
      mallory.log.push(
        member.say({ kind: 'group-state', key, value: i === 0 ? 'small' : key === 'title' ? long : 'v' }, i === 0 ? [] : many),
      );
    }
  }
  mallory.log.push(planted[0]!.say({ kind: 'group-state', key: 'k3', value: 'first' }));
  const huge = (length: number) => planted[1]!.say({ kind: 'group-state', key: 'k3', value: 'y'.repeat(length) });
  mallory.log.push(huge(MAX_CHAT_PROPERTIES_LENGTH - 1), huge(MAX_CHAT_PROPERTIES_LENGTH - 2));
  // Storing it writes and reads both states.
  expect(await bob.pull(mallory)).toMatchObject([{ applied: 70, refused: 1, outcome: 'end' }]);
  const { contenders } = bob.privateState;
  expect([...contenders].map(([key, list]) => [key, list.length])).toEqual([
    ['k0', 16],
    ['k1', 16],
    ['k2', 16],
    ['title', 1],
  ]);
  expect(contenders.get('k0')?.every(({ timestamp }) => timestamp.size === 1)).toBe(true);
  expect(PrivateChatState.decode(bob.user.crypto, bob.privateState.encode()).equals(bob.privateState)).toBe(true);
  await bob.update(async (replica) => replica.setProperty('title', 'mine'));
  expect([bob.state.title, bob.privateState.contenders.has('title')]).toEqual(['mine', false]);
});

test.each([
  ['title', MAX_CHAT_CONTENDERS_SIZE],
  ['other', MAX_CHAT_OTHER_CONTENDERS_SIZE],
])('MAX_CHAT_CONTENDERS_SIZE and MAX_CHAT_OTHER_CONTENDERS_SIZE: %s', (key, limit) => {
  const property = (n: number, length: number): GroupProperty => {
    const author = MemberId.parse(`0.${n}`);
    return GroupProperty.of({ author, timestamp: TreeClock.of([[author, 1]]), value: 'x'.repeat(length) });
  };
  const frame = property(1, 10_000).encode().length - 10_000;
  const half = Math.floor(limit / 2);
  for (const [more, kept] of [
    [0, 2],
    [1, 1],
  ] as const) {
    const first = updateProperty(key, property(0, 1), [property(1, half - frame)], property(2, limit - half - frame + more));
    // The length of a long text takes more bytes than that of a short one.
    const excess = first?.contenders.reduce((sum, one) => sum + one.encode().length, 0) ?? 0;
    expect([first?.winner.value, excess <= limit]).toEqual(['x', true]);
    expect([1, 2]).toContain(first?.contenders.length);
    const exact = property(2, limit - half - frame + more);
    const size = property(1, half - frame).encode().length + exact.encode().length;
    const fitting = property(2, exact.value.length - (size - limit) + more);
    expect(updateProperty(key, property(0, 1), [property(1, half - frame)], fitting)?.contenders.length).toBe(kept);
  }
});
