import type { CryptoProvider } from '@pyrgos/core/crypto';
import { FileReader, type View } from '../files/view/index.js';
import { type OwnChat, readIndex } from './chat-files.js';
import { OwnLog } from './reading/own-log.js';
import { Timeline, type TimelineView } from './reading/timeline.js';
import { readSeen } from './seen-mark.js';

/** Chats of which it is remembered where their messages are; each has a chunk of its log, and some 50 bytes of each message that was looked at, in memory. */
const MAX_READINGS = 4;

interface Reading {
  readonly timeline: Timeline;
  readonly log: OwnLog | undefined;
}

/** What of the own logs is being read. One for each session. */
export class ChatReadings {
  private readonly readings = new Map<string, Reading>();

  constructor(private readonly crypto: CryptoProvider) {}

  /** A chat as it is shown, with the log in a version of the own copy. Errors of reading it. */
  async at(view: View, chat: OwnChat): Promise<TimelineView> {
    const { id, state } = chat;
    const known = this.readings.get(id);
    const timeline = known?.timeline ?? new Timeline({ hasher: this.crypto, chatId: id });
    const [index, seen] = await Promise.all([readIndex(view, chat.index), readSeen(view, chat.seenFile)]);
    const file = new FileReader(view, chat.log);
    const { hostMember, recent } = state;
    const parts = { file, index, count: hostMember.mergedUpTo, version: chat.log.cid.key, previous: known?.log, recent };
    const log = await OwnLog.open(parts, view.signal);
    // What was used last is kept longest.
    this.readings.delete(id);
    for (const oldest of this.readings.keys()) {
      if (this.readings.size < MAX_READINGS) break;
      this.readings.delete(oldest);
    }
    this.readings.set(id, { timeline, log });
    return timeline.at(log, { state, seen }, view.signal);
  }

  /** Forgets a chat. */
  forget(id: string): void {
    this.readings.delete(id);
  }
}
