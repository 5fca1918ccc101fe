import type { PublicKeyHash } from '@pyrgos/core/keys';

/** What may have changed since it was told last. That something is named does not say that there is anything new in it. */
export interface LiveChanges {
  /** The files and records of the account itself, by another device. */
  readonly account: boolean;
  /** The requests of others to follow the account, and their answers. */
  readonly requests: boolean;
  /** Friends in whose spaces something has changed: they may have shared or posted something. Sorted. */
  readonly friends: readonly string[];
  /** Chats that a member may have written in, by their ids. Sorted. Only those that the session has brought up to date once; of others the members are among `friends`. */
  readonly chats: readonly string[];
}

/** Told what may have changed. What it throws is ignored. */
export type LiveListener = (changes: LiveChanges) => void;

/** How much somebody cares: `full` while a person looks at it, `low` for now and then, `none` for not at all: nothing is sent then. */
export type Attention = 'full' | 'low' | 'none';

/** Somebody who is told what changes; see `UserSession.watch`. */
export interface LiveWatch {
  /** From now on it is looked with this attention; the highest one of all watches of a session counts. What happens meanwhile is told when it is looked again. */
  attend(attention: Attention): void;
  /** Looks at once, whatever was waited for: the network may be another one, or the device has slept. */
  look(): void;
  /** Ends it. */
  close(): void;
  /** Resolves when it has ended, however: because it was closed or cancelled, or with its session. */
  readonly closed: Promise<void>;
}

/** What one changed pointer may mean. */
export type LiveChange = 'account' | 'requests' | { readonly friend: string } | { readonly chat: string };

/** A pointer that is watched. */
export interface LivePlace {
  readonly owner: PublicKeyHash;
  readonly writer: PublicKeyHash;
  readonly change: LiveChange;
}

/** Knows more that is to be watched. */
export interface LiveSource {
  /**
   * What is to be watched now; the more important first. Asked when the watch begins, and when the account has changed or `LiveUpdates.reconsider` is called. Several places may
   * have the same writer. What it throws counts as nothing, except that the session is closed.
   */
  places(options: { readonly signal: AbortSignal }): Promise<readonly LivePlace[]>;
  /** What else a change of a pointer may mean that is watched anyway; asked when it has changed. No request, and nothing that takes long. */
  changesAt?(writer: PublicKeyHash): readonly LiveChange[];
}

/** Changes put together until they are told. */
export class GatheredChanges {
  private account = false;
  private requests = false;
  private readonly friends = new Set<string>();
  private readonly chats = new Set<string>();

  /** Adds one. */
  add(change: LiveChange): void {
    if (change === 'account') this.account = true;
    else if (change === 'requests') this.requests = true;
    else if ('friend' in change) this.friends.add(change.friend);
    else this.chats.add(change.chat);
  }

  /** What was added, or undefined for nothing. */
  get all(): LiveChanges | undefined {
    const { account, requests, friends, chats } = this;
    if (!account && !requests && friends.size === 0 && chats.size === 0) return undefined;
    return { account, requests, friends: [...friends].sort(), chats: [...chats].sort() };
  }
}
