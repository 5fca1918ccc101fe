import { describe, expect, test } from 'vitest';
import { canChange, type ChatStanding, everybodyOnce, rightsOver, type StandingMember } from './chat-rights.js';

const member = (username: string, changes: Partial<StandingMember> = {}): StandingMember => ({
  username,
  isAdmin: false,
  state: 'joined',
  isSelf: username === 'ada',
  ...changes,
});
const asAdmin: ChatStanding = { isAdmin: true, admins: ['ada'], writable: 'yes' };
const asMember: ChatStanding = { isAdmin: false, admins: ['bob'], writable: 'yes' };
const nothing = { canMakeAdmin: false, canEndAdmin: false, canRemove: false, canInviteAgain: false };

describe('what can be done about somebody', () => {
  test('an admin makes admins, and removes others', () => {
    const bob = member('bob');
    expect(rightsOver(asAdmin, bob, [member('ada', { isAdmin: true }), bob])).toEqual({ ...nothing, canMakeAdmin: true, canRemove: true });
  });

  test('somebody who has not joined can be removed, and is no admin', () => {
    const bob = member('bob', { state: 'pending' });
    expect(rightsOver(asAdmin, bob, [bob])).toEqual({ ...nothing, canRemove: true });
  });

  test('others do neither', () => {
    const [bob, carol] = [member('bob', { isAdmin: true }), member('carol')];
    for (const one of [bob, carol, member('ada')]) expect(rightsOver(asMember, one, [bob, carol])).toEqual(nothing);
  });

  test('in a chat without admins anybody makes one', () => {
    expect(rightsOver({ ...asMember, admins: [] }, member('carol'), [])).toEqual({ ...nothing, canMakeAdmin: true });
  });

  test('the last admin in the chat stays one', () => {
    const ada = member('ada', { isAdmin: true });
    expect(rightsOver(asAdmin, ada, [ada, member('bob')])).toEqual(nothing);
    const gone = member('bob', { isAdmin: true, state: 'removed' });
    expect(rightsOver({ ...asAdmin, admins: ['ada', 'bob'] }, ada, [ada, gone])).toEqual(nothing);
    const there = member('bob', { isAdmin: true });
    expect(rightsOver({ ...asAdmin, admins: ['ada', 'bob'] }, ada, [ada, there])).toEqual({ ...nothing, canEndAdmin: true });
  });

  test('who was removed can be invited again, by anybody', () => {
    const bob = member('bob', { state: 'removed' });
    expect(rightsOver(asMember, bob, [bob])).toEqual({ ...nothing, canInviteAgain: true });
    expect(rightsOver(asAdmin, bob, [bob])).toEqual({ ...nothing, canInviteAgain: true });
  });

  test.each(['removed', 'left', 'keys-lost'] as const)('nothing, when the account has %s', (writable) => {
    const others = [member('bob', { isAdmin: true }), member('carol'), member('dan', { state: 'removed' })];
    for (const one of others) expect(rightsOver({ ...asAdmin, writable }, one, others)).toEqual(nothing);
    expect(canChange({ writable })).toBe(false);
  });

  test('who is alone can invite', () => {
    expect(canChange({ writable: 'alone' })).toBe(true);
  });
});

test('everybody once, in order', () => {
  const shown = everybodyOnce([
    member('zoe', { state: 'removed' }),
    member('zoe', { state: 'pending' }),
    member('bob'),
    member('carol', { state: 'removed' }),
    member('ada', { state: 'removed' }),
    member('abe', { state: 'unreachable' }),
    member('abel'),
    member('dan', { state: 'joined' }),
    member('dan', { state: 'removed' }),
  ]);
  expect(shown.map(({ username, state }) => `${username} ${state}`)).toEqual([
    'ada removed',
    'abel joined',
    'bob joined',
    'dan joined',
    'zoe pending',
    'abe unreachable',
    'carol removed',
  ]);
});
