import type { FileSystem } from '../files/file-system.js';
import type { FriendSpaces } from '../social/friend-spaces.js';
import type { OwnSpace } from '../social/own-space.js';
import { ChatMedia } from './chat-media.js';
import { ChatMirrors } from './chat-mirrors.js';
import { ChatPull } from './chat-pull.js';
import { ChatReadings } from './chat-readings.js';
import { ChatStore } from './chat-store.js';
import { ChatSummaries } from './chat-summaries.js';
import { Invitations } from './invitations.js';
import { MediaQueue } from './media-queue.js';
import { SpaceReserve } from './space-reserve.js';

/** What the chats of a session work with; all of it remembers something. */
export class ChatParts {
  readonly store: ChatStore;
  readonly mirrors: ChatMirrors;
  readonly pull: ChatPull;
  readonly media: ChatMedia;
  readonly queue: MediaQueue;
  readonly readings: ChatReadings;
  readonly summaries: ChatSummaries;
  readonly invitations: Invitations;

  constructor(
    readonly space: OwnSpace,
    friends: FriendSpaces,
    readonly files: FileSystem,
  ) {
    const reserve = new SpaceReserve(space);
    this.store = new ChatStore(space, friends);
    this.mirrors = new ChatMirrors(space, friends);
    this.pull = new ChatPull(this.store, this.mirrors, reserve);
    this.media = new ChatMedia(this.store, this.mirrors, files, reserve);
    this.queue = new MediaQueue(this.media);
    this.readings = new ChatReadings(space.account.crypto);
    this.summaries = new ChatSummaries(this.readings, this.mirrors);
    this.invitations = new Invitations(this.store, this.mirrors);
  }

  /** Forgets a chat of which there is no copy any more. */
  forget(id: string): void {
    this.pull.forget(id);
    this.mirrors.forget(id);
    this.readings.forget(id);
    this.summaries.forget(id);
  }
}
