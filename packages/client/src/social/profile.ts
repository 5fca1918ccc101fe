import { assertString } from '@pyrgos/core/arguments';
import { ArgumentError, LimitError, NotFoundError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_PROFILE_PICTURE_SIZE } from '@pyrgos/core/limits';
import {
  decodeProfileText,
  encodeProfileText,
  profilePath,
  ProfilePicture,
  ProfileText,
  type ProfileField,
  type ProfileTextField,
} from '@pyrgos/core/social';
import type { ByteSource } from '../files/content/index.js';
import type { FileSystem } from '../files/file-system.js';
import type { CallOptions } from '../session/call-options.js';
import type { OwnSpace } from './own-space.js';
import type { Recipient } from './recipients.js';
import type { Shares } from './shares.js';

/** A field with a text that a profile shows; the web site belongs to publishing. */
export type ProfileTextName = Exclude<ProfileTextField, typeof ProfileText.webroot>;

/** What can be seen of somebody: only what is set, and shared with the account or published. */
export interface UserProfile {
  readonly username: string;
  /** The texts by field. */
  readonly texts: ReadonlyMap<ProfileTextName, string>;
  /** Whether there is a small picture; see {@link Profiles.photo}. */
  readonly hasPhoto: boolean;
  /** What cannot be read, by field: damaged, or too long. */
  readonly damaged: ReadonlyMap<ProfileField, PyrgosError>;
}

/** The texts that a profile has. */
const TEXTS: readonly ProfileTextName[] = Object.values(ProfileText).filter((field) => field !== ProfileText.webroot);

/**
 * The profile of the account and of other users (chapter 06 section 14): each field is a file of its own, which is shared by itself. Nobody sees a field before
 * it is shared with them.
 *
 * Errors of all calls: those of {@link FileSystem}.
 */
export class Profiles {
  constructor(
    private readonly space: OwnSpace,
    private readonly files: FileSystem,
    private readonly shares: Shares,
  ) {}

  /** What can be seen of a user, by default of the account itself. Who shares nothing, or does not exist, has an empty profile. */
  async read(username: string = this.space.username, options: CallOptions = {}): Promise<UserProfile> {
    const { signal } = this.space.check(options);
    assertString('username', username);
    const texts = new Map<ProfileTextName, string>();
    const damaged = new Map<ProfileField, PyrgosError>();
    const noted = async <T>(field: ProfileField, read: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await read();
      } catch (error) {
        if (error instanceof NotFoundError) return undefined;
        if (!(error instanceof PyrgosError) || ['aborted', 'network', 'denied.session'].includes(error.code)) throw error;
        damaged.set(field, error);
        return undefined;
      }
    };
    const found = await Promise.all(
      TEXTS.map(async (field) =>
        noted(field, async () => decodeProfileText(await this.files.read(profilePath(username, field), { signal }))),
      ),
    );
    for (const [i, text] of found.entries()) {
      const field = TEXTS[i];
      if (text !== undefined && field !== undefined) texts.set(field, text);
    }
    const photo = await noted(ProfilePicture.photo, async () => this.files.stat(profilePath(username, ProfilePicture.photo), { signal }));
    return { username, texts, hasPhoto: photo !== undefined && !photo.isDirectory && photo.size > 0, damaged };
  }

  /**
   * The bytes of a user's small picture, in whatever format it is; undefined when there is none. They come from somebody else: show them as nothing but a picture.
   * LimitError beyond MAX_PROFILE_PICTURE_SIZE.
   */
  async photo(username: string = this.space.username, options: CallOptions = {}): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { signal } = this.space.check(options);
    assertString('username', username);
    try {
      const path = profilePath(username, ProfilePicture.photo);
      const { size } = await this.files.stat(path, { signal });
      if (size > MAX_PROFILE_PICTURE_SIZE) throw new LimitError('picture of a profile', size, MAX_PROFILE_PICTURE_SIZE);
      const bytes = await this.files.read(path, { signal });
      return bytes.length === 0 ? undefined : bytes;
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  /** Sets a text of the own profile; an empty one clears it, see {@link Profiles.clear}. LimitError for a text that is too long. */
  async setText(field: ProfileTextName, text: string, options: CallOptions = {}): Promise<void> {
    const { signal } = this.space.check(options);
    if (!TEXTS.includes(field)) throw new ArgumentError('field', 'must be a field of a profile with text');
    if (text === '') return this.clear(field, options);
    await this.write(field, encodeProfileText(field, text), signal);
  }

  /**
   * Sets the picture of the own profile: the small one, which others see first, and the original. `undefined`, or a small one without bytes, clears it, see {@link Profiles.clear}. LimitError for a small one beyond
   * MAX_PROFILE_PICTURE_SIZE.
   */
  async setPhoto(
    pictures: { readonly photo: Uint8Array; readonly original?: ByteSource | undefined } | undefined,
    options: CallOptions = {},
  ): Promise<void> {
    const { signal } = this.space.check(options);
    if (pictures === undefined || pictures.photo.length === 0) return this.clear(ProfilePicture.photo, options);
    const { photo, original = photo } = pictures;
    if (photo.length > MAX_PROFILE_PICTURE_SIZE) {
      throw new LimitError('picture of a profile', photo.length, MAX_PROFILE_PICTURE_SIZE);
    }
    await this.write(ProfilePicture.photo, photo, signal);
    await this.write(ProfilePicture.original, original, signal);
  }

  /**
   * Takes away what a field of the own profile says, of the picture the original as well, and ends all its shares and that it is published: what is set there later is seen by nobody until it is shared
   * anew. A field that is not set stays so. Each file in one commit.
   */
  async clear(field: ProfileTextName | typeof ProfilePicture.photo, options: CallOptions = {}): Promise<void> {
    const { signal } = this.space.check(options);
    const isPhoto = field === ProfilePicture.photo;
    if (!isPhoto && !TEXTS.includes(field)) throw new ArgumentError('field', 'must be a text of a profile, or photo');
    for (const one of isPhoto ? [ProfilePicture.original, ProfilePicture.photo] : [field]) {
      try {
        await this.files.remove(profilePath(this.space.username, one), { signal });
      } catch (error) {
        if (!(error instanceof NotFoundError && error.code === 'not-found.file')) throw error;
      }
    }
  }

  /** With whom a field of the own profile is shared. */
  async audience(field: ProfileField, options: CallOptions = {}): Promise<readonly Recipient[]> {
    return (await this.shares.sharedWith(profilePath(this.space.username, field), options)).readers;
  }

  /**
   * Makes exactly these people and groups those who see a field of the own profile; whoever else saw it sees no later content. A field that is not set yet is set empty.
   */
  async setAudience(field: ProfileField, recipients: readonly Recipient[], options: CallOptions = {}): Promise<void> {
    const { signal } = this.space.check(options);
    const path = profilePath(this.space.username, field);
    if ((await this.files.find(path, { signal })) === undefined) await this.write(field, new Uint8Array(), signal);
    const present = await this.audience(field, options);
    const key = (recipient: Recipient): string => ('group' in recipient ? `.${recipient.group}` : recipient.user);
    const wanted = new Set(recipients.map(key));
    const known = new Set(present.map(key));
    const gone = present.filter((recipient) => !wanted.has(key(recipient)));
    if (gone.length > 0) await this.shares.unshare(path, gone, { signal });
    // A group takes along those of its members who have been named one by one.
    const left = gone.length === 0 ? known : new Set((await this.audience(field, options)).map(key));
    const fresh = recipients.filter((recipient) => !left.has(key(recipient)));
    if (fresh.length > 0) await this.shares.share(path, fresh, { signal });
  }

  private async write(field: ProfileField, content: ByteSource, signal: AbortSignal | undefined): Promise<void> {
    const path = profilePath(this.space.username, field);
    const directory = path.slice(0, path.lastIndexOf('/'));
    if ((await this.files.find(directory, { signal })) === undefined) {
      await this.files.makeDirectory(directory, { parents: true, isHidden: true, signal });
    }
    await this.files.write(path, content, { signal });
  }
}
