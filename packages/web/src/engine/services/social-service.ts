import { ArgumentError, ConflictError, type FriendsState, FingerprintPair, PyrgosError, type UserSession } from '@pyrgos/client';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import type { People, SocialCalls, Verification } from '../social-calls.js';
import { everybodyIn, heard, listPeople } from './people-list.js';

/** Verified people whose keys are looked at, at a time. */
const CHECKS_AT_ONCE = 4;

/** Who follows whom, and who they are. */
export function socialService(state: Pick<EngineState, 'session'>): Pick<Handlers, keyof SocialCalls> {
  return {
    'social.people': async (_, { signal }) => peopleOf(state.session, await state.session.friends.state({ signal }), signal),

    'social.requestCount': async (_, { signal }) => {
      const { friends } = state.session;
      const requests = await friends.requests({ signal });
      // Whoever is blocked is looked up only when somebody asks at all.
      if (requests.length === 0) return 0;
      const { incoming, blocked } = await friends.state({ signal });
      return heard(incoming, new Set(blocked)).length;
    },

    'social.follow': async ({ username, again }, { signal }) => {
      const { session } = state;
      const name = username.trim().toLowerCase();
      if (name === session.username) return 'self';
      const { incoming, outgoing, following } = await session.friends.state({ signal });
      if (following.includes(name)) return 'known';
      if (incoming.some((request) => request.username === name)) return 'has-asked';
      if (!again && outgoing.includes(name)) return 'asked-before';
      try {
        return await session.friends.follow(name, { signal });
      } catch (error) {
        if (error instanceof ArgumentError) return 'no-name';
        throw error;
      }
    },

    'social.answer': async ({ username, answer }, { signal }) => {
      const { friends } = state.session;
      if (answer === 'accept' || answer === 'accept-and-follow')
        return friends.accept(username, { reciprocate: answer === 'accept-and-follow', signal });
      // Blocked first: should the second step fail, nothing more is heard of them all the same.
      if (answer === 'block') await friends.unfollow(username, { signal });
      return friends.deny(username, { signal });
    },

    'social.unfollow': async ({ username }, { signal }) => {
      await state.session.friends.unfollow(username, { signal });
      return undefined;
    },

    'social.removeFollower': async ({ username, leaveOutDamaged }, { signal }) => {
      await state.session.friends.removeFollower(username, { signal, leaveOutDamaged });
      return undefined;
    },

    'social.block': async ({ username, leaveOutDamaged }, { signal }) => {
      const { friends } = state.session;
      await friends.unfollow(username, { signal });
      await friends.removeFollower(username, { signal, leaveOutDamaged });
      await friends.deny(username, { signal });
      return undefined;
    },

    'social.unblock': async ({ username }, { signal }) => {
      const { friends } = state.session;
      await friends.unblock(username, { signal });
      return (await friends.state({ signal })).following.includes(username);
    },

    'social.safetyNumber': async ({ username }, { signal }) => {
      const { fingerprint, status } = await state.session.identities.safetyNumber(username, { signal });
      return { digits: fingerprint.display, code: String(fingerprint), verification: status };
    },

    'social.compareNumber': async ({ username, shown }, { signal }) => {
      const { fingerprint } = await state.session.identities.safetyNumber(username, { signal });
      const text = shown.replaceAll(/\s/gu, '');
      if (text === fingerprint.display) return true;
      try {
        return fingerprint.matches(FingerprintPair.parse(text));
      } catch (error) {
        // What is no number at all is none that matches.
        if (error instanceof PyrgosError) return false;
        throw error;
      }
    },

    'social.setVerified': async ({ username, digits, isVerified }, { signal }) => {
      const { identities } = state.session;
      const number = await identities.safetyNumber(username, { signal });
      if (isVerified && number.fingerprint.display !== digits)
        throw new ConflictError('conflict.changed', 'The safety number is another one by now: compare it anew.');
      await identities.setVerified(number, isVerified, { signal });
      return undefined;
    },
  };
}

async function peopleOf(session: UserSession, friends: FriendsState, signal: AbortSignal): Promise<People> {
  const everybody = everybodyIn(friends);
  const verified = friends.verified.filter((name) => everybody.has(name));
  const checked = await verifications(session, verified, signal);
  return listPeople(friends, (username) => checked.get(username) ?? 'unverified');
}

/** Whether the keys of people who were verified are still those. */
async function verifications(
  { identities }: UserSession,
  usernames: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Verification>> {
  const found = new Map<string, Verification>();
  const waiting = [...usernames];
  const work = async (): Promise<void> => {
    for (let username = waiting.pop(); username !== undefined; username = waiting.pop()) {
      found.set(username, await verificationOf(identities, username, signal));
    }
  };
  await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, work));
  return found;
}

async function verificationOf(identities: UserSession['identities'], username: string, signal: AbortSignal): Promise<Verification> {
  try {
    return (await identities.safetyNumber(username, { signal })).status;
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code === 'aborted' || error.code === 'denied.session') throw error;
    // A server that shows keys which do not follow from the pinned ones.
    return error.code === 'denied.chain' ? 'changed' : 'unknown';
  }
}
