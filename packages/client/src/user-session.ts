import { assertMethods } from '@pyrgos/core/arguments';
import { assertInteger } from '@pyrgos/core/bytes';
import type { SymmetricKey } from '@pyrgos/core/keys';
import { FileSystem } from './files/file-system.js';
import { MAX_CHUNKS_IN_FLIGHT } from './files/content/content-arguments.js';
import type { Thumbnailer } from './files/content/index.js';
import { partsOf } from './files/parts-of-files.js';
import { Identities } from './identities.js';
import type { LiveListener, LiveWatch } from './live/live-changes.js';
import { LiveUpdates } from './live/live-updates.js';
import { Chats } from './messaging/chats.js';
import {
  type Account,
  type AccountSpace,
  type CallOptions,
  changePassword,
  type ChangePasswordOptions,
  deleteAccount,
  type DeleteAccountOptions,
  logOut,
  type SecondFactors,
  secondFactors,
  space,
  stayLoggedIn,
} from './session/index.js';

import { Feed } from './social/feed.js';
import { Friends } from './social/friends.js';
import { FriendSpaces } from './social/friend-spaces.js';
import { friendsSource } from './social/friends-source.js';
import { OwnShareBook } from './social/own-share-book.js';
import { OwnSpace } from './social/own-space.js';
import { Posts } from './social/posts.js';
import { LinkHost } from './social/link-host.js';
import { Links } from './social/links.js';
import { Profiles } from './social/profile.js';
import { Publishing } from './social/publishing.js';
import { Shares } from './social/shares.js';

/** What belongs to the files of a session rather than to the account. */
export interface FileSettings {
  /** Makes thumbnails of what is uploaded; default: none are made. In a browser: `new CanvasThumbnailer()`. */
  readonly thumbnailer?: Thumbnailer | undefined;
  /** Chunks of 5 MiB that are encrypted and uploaded at a time, 1 to 8; each takes about 25 MiB of memory meanwhile. */
  readonly chunksInFlight?: number | undefined;
}

/** Requires settings that can be. ArgumentError, whose `data.field` names the setting. */
export function assertFileSettings({ thumbnailer, chunksInFlight }: FileSettings): void {
  if (thumbnailer !== undefined) assertMethods('thumbnailer', thumbnailer, 'create');
  if (chunksInFlight !== undefined) assertInteger('chunksInFlight', chunksInFlight, 1, MAX_CHUNKS_IN_FLIGHT);
}

/**
 * Somebody who is logged in: the account and its files. Comes from {@link PyrgosServer}. Once it is closed every call rejects with
 * DeniedError `denied.session`, and nothing is sent; what is under way ends at its next request.
 */
export class UserSession {
  /** The files of the account. */
  readonly files: FileSystem;
  /** What friends share and post. */
  readonly feed: Feed;
  /** What has others watched, and whom they are watched for. @internal */
  readonly live: LiveUpdates;
  /** The chats in which the account takes part. */
  readonly chats: Chats;
  private readonly linkHost: LinkHost;

  constructor(
    /** The keys of the account; a secret. */
    readonly account: Account,
    private readonly settings: FileSettings = {},
  ) {
    const { sessions, username, home, network, mirrorBat, clock } = account;
    const mirrorBatId = mirrorBat?.id;
    this.linkHost = new LinkHost(account);
    let friendSpaces: FriendSpaces | undefined;
    this.files = new FileSystem({
      shareBook: (parts) => new OwnShareBook(new OwnSpace(account, parts)),
      others: (parts) => {
        friendSpaces = new FriendSpaces(new OwnSpace(account, parts));
        return friendSpaces;
      },
      sessions,
      username,
      home,
      blocks: network.blocks,
      mirrorBatId,
      clock,
      space: space(account),
      ...settings,
    });
    const own = this.ownSpace;
    const friends = friendSpaces ?? new FriendSpaces(own);
    this.feed = new Feed(own, friends);
    this.chats = new Chats(own, friends, this.files);
    this.live = new LiveUpdates(account);
    this.live.addSource(this.chats.source);
    this.live.addSource(friendsSource(own, friends));
  }

  /** The user. */
  get username(): string {
    return this.account.username;
  }

  /** What the account shares with other users, and they with it. */
  get shares(): Shares {
    return new Shares(this.ownSpace, partsOf(this.files).others);
  }

  /** The own profile, and what can be seen of others. */
  get profiles(): Profiles {
    return new Profiles(this.ownSpace, this.files, this.shares);
  }

  /** Posts, and comments on them. */
  get posts(): Posts {
    return new Posts(this.ownSpace, this.files);
  }

  /** Who follows the account, and whom it follows. */
  get friends(): Friends {
    return new Friends(this.ownSpace, this.identities);
  }

  /** The secret links of the account: what they lead to opens without an account. */
  get links(): Links {
    return new Links(this.ownSpace, this.shares, this.linkHost);
  }

  /** What the account has published for everybody. */
  get publishing(): Publishing {
    const space = this.ownSpace;
    return new Publishing(space, this.files, new OwnShareBook(space), this.linkHost);
  }

  private get ownSpace(): OwnSpace {
    return new OwnSpace(this.account, partsOf(this.files));
  }

  /**
   * Has `listener` told, from now on, what may have changed: on other devices of the account, in the requests of others, at friends. Nothing is loaded; what is asked
   * next is asked of the server. A server that can wait does so, of other servers it is looked now and then; no more than one request is under way. Nothing is told
   * once `signal` fires, the watch is closed, or the session is. See {@link LiveWatch} for programs in the background.
   */
  watch(listener: LiveListener, options: CallOptions = {}): LiveWatch {
    return this.live.watch(listener, options);
  }

  /** What is asked for beside the password. */
  get secondFactors(): SecondFactors {
    return secondFactors(this.account);
  }

  /** How much the account stores and may store. */
  get space(): AccountSpace {
    return space(this.account);
  }

  /** Who other users are: pinned keys, safety numbers, identity proofs. */
  get identities(): Identities {
    return new Identities(this.account, this.files);
  }

  /**
   * Keeps the session, sealed with this key, in the local store, so that {@link PyrgosServer.restore} opens the account without password and
   * second factor: what `deviceKey` of `logIn` does at once, for somebody who decides later. {@link UserSession.logOut} ends it. PyrgosError
   * `unsupported` without a store; DeniedError `denied.login` for a legacy account.
   */
  async stayLoggedIn(deviceKey: SymmetricKey): Promise<void> {
    await stayLoggedIn(this.account, deviceKey);
  }

  /**
   * Changes the password. Use the session that comes out from then on; this one is closed. Sessions that are open elsewhere go on, with
   * the same keys, until they are closed; what is kept there to stay logged in opens nothing any more.
   */
  async changePassword(options: ChangePasswordOptions): Promise<UserSession> {
    return new UserSession(await changePassword(this.account, options), this.settings);
  }

  /** Deletes the account with all files, for good. */
  async deleteAccount(options: DeleteAccountOptions): Promise<void> {
    await deleteAccount(this.account, options);
  }

  /** Ends the session; one that is kept on this device stays there. */
  close(): void {
    this.account.close();
  }

  /** Ends the session and forgets what could open it again on this device. */
  async logOut(): Promise<void> {
    await logOut(this.account);
  }
}
