import { NotFoundError, PyrgosError, type Recipient } from '@pyrgos/client';
import type { Handlers } from '../engine-host.js';
import type { EngineState } from '../engine-state.js';
import { type FieldAudience, PROFILE_TEXTS, type ProfileCalls, type ProfileFieldName } from '../profile-calls.js';

/** The profile of the account, and what can be seen of others. */
export function profileService(state: Pick<EngineState, 'session'>): Pick<Handlers, keyof ProfileCalls> {
  const setAudience = async (field: ProfileFieldName | 'highres', audience: FieldAudience, signal: AbortSignal): Promise<void> => {
    // Whom somebody has chosen one by one stays chosen.
    if (audience === 'chosen') return;
    const { profiles } = state.session;
    const wanted: readonly Recipient[] = audience === 'nobody' ? [] : [{ group: audience }];
    if (wanted.length > 0 || (await profiles.audience(field, { signal })).length > 0) await profiles.setAudience(field, wanted, { signal });
  };
  const setPhotoAudience = async (audience: FieldAudience, signal: AbortSignal): Promise<void> => {
    for (const field of ['photo', 'highres'] as const) await setAudience(field, audience, signal);
  };
  return {
    'profile.read': async ({ username }, { signal }) => {
      const { profiles, publishing, username: own } = state.session;
      const { texts, hasPhoto, damaged } = await profiles.read(username, { signal });
      if (texts.size === 0 && !hasPhoto && username !== own) await requireUser(state, username, signal);
      return {
        username,
        texts,
        hasPhoto,
        webRoot: username === own ? await publishing.webRoot({ signal }) : undefined,
        isDamaged: damaged.size > 0,
      };
    },

    'profile.photo': async ({ username }, { signal }) => state.session.profiles.photo(username, { signal }),

    'profile.audiences': async (_, { signal }) => {
      const { profiles } = state.session;
      const audiences = new Map<ProfileFieldName, FieldAudience>();
      for (const field of [...PROFILE_TEXTS, 'photo'] as const) {
        audiences.set(field, audienceOf(await profiles.audience(field, { signal })));
      }
      return audiences;
    },

    'profile.save': async ({ field, text, audience }, { signal }) => {
      const { profiles } = state.session;
      // Nobody sees a field with nothing in it, and nobody what is written there next.
      if (text === '') {
        await profiles.clear(field, { signal });
        return undefined;
      }
      // Whoever is not to see it any more never sees the new text.
      const before = audienceOf(await profiles.audience(field, { signal }));
      if (before !== audience && before !== 'nobody') await setAudience(field, audience, signal);
      await profiles.setText(field, text, { signal });
      await setAudience(field, audience, signal);
      return undefined;
    },

    'profile.savePhoto': async ({ photo, original, audience }, { signal }) => {
      const { profiles } = state.session;
      if (photo === undefined) {
        await profiles.clear('photo', { signal });
        return undefined;
      }
      // Whoever is not to see it any more never sees the new picture.
      const before = audienceOf(await profiles.audience('photo', { signal }));
      if (before !== audience && before !== 'nobody') await setPhotoAudience(audience, signal);
      await profiles.setPhoto({ photo, original }, { signal });
      await setPhotoAudience(audience, signal);
      return undefined;
    },

    'profile.savePhotoAudience': async ({ audience }, { signal }) => {
      await setPhotoAudience(audience, signal);
      return undefined;
    },
  };
}

/** Whoever shows nothing may be nobody: NotFoundError `not-found.user` then. That somebody is there in another shape than before is for other screens to say. */
async function requireUser({ session }: Pick<EngineState, 'session'>, username: string, signal: AbortSignal): Promise<void> {
  try {
    await session.identities.safetyNumber(username, { signal });
  } catch (error) {
    if (!(error instanceof PyrgosError)) throw error;
    if (error.code === 'argument') throw new NotFoundError('not-found.user', 'Nobody can have this name.');
    if (error.code === 'not-found.user' || error.code === 'network' || error.code === 'aborted') throw error;
  }
}

function audienceOf(recipients: readonly Recipient[]): FieldAudience {
  const [first] = recipients;
  if (first === undefined) return 'nobody';
  return recipients.length === 1 && 'group' in first ? first.group : 'chosen';
}
