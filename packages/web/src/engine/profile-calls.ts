/** A call about profiles; see `Call` of calls.ts, which imports this file. */
interface ProfileCall<Arguments, Result> {
  readonly args: Arguments;
  readonly result: Result;
  readonly event: never;
  readonly question: never;
  readonly answer: never;
}

/** What the page asks about profiles. */
export interface ProfileCalls {
  /** What can be seen of somebody. */
  'profile.read': ProfileCall<{ readonly username: string }, ProfileState>;
  /** The small picture of somebody, in whatever format it is; undefined for none. */
  'profile.photo': ProfileCall<{ readonly username: string }, Uint8Array<ArrayBuffer> | undefined>;
  /** Who sees each field of the own profile. */
  'profile.audiences': ProfileCall<undefined, ReadonlyMap<ProfileFieldName, FieldAudience>>;
  /** Sets a text of the own profile, and who sees it: an empty one nobody. */
  'profile.save': ProfileCall<{ readonly field: ProfileTextName; readonly text: string; readonly audience: FieldAudience }, undefined>;
  /** Sets the own picture, and who sees it; undefined takes it away, from everybody. */
  'profile.savePhoto': ProfileCall<
    { readonly photo: Uint8Array<ArrayBuffer> | undefined; readonly original: File | undefined; readonly audience: FieldAudience },
    undefined
  >;
  /** Sets who sees the own picture. */
  'profile.savePhotoAudience': ProfileCall<{ readonly audience: FieldAudience }, undefined>;
}

/** The texts of a profile. */
export const PROFILE_TEXTS = ['firstname', 'lastname', 'status', 'bio', 'phone', 'email'] as const;

/** One of {@link PROFILE_TEXTS}. */
export type ProfileTextName = (typeof PROFILE_TEXTS)[number];

/** What has an audience of its own. */
export type ProfileFieldName = ProfileTextName | 'photo';

/** Who sees a field: nobody else, a group, or people who were chosen one by one, elsewhere. */
export type FieldAudience = 'nobody' | 'friends' | 'followers' | 'chosen';

/** What can be seen of somebody. Texts come from others. */
export interface ProfileState {
  readonly username: string;
  readonly texts: ReadonlyMap<ProfileTextName, string>;
  readonly hasPhoto: boolean;
  /** The web site, where there is one. */
  readonly webRoot: string | undefined;
  /** Whether something of it cannot be read. */
  readonly isDamaged: boolean;
}
