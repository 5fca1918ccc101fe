import { buildLog, type ChatState, type SignedMessage } from '@pyrgos/core/chat';
import type { Hasher } from '@pyrgos/core/crypto';
import { MAX_CHAT_PAGE } from '@pyrgos/core/limits';
import type { ChatMessage } from '../src/messaging/chat-types.js';
import { OwnLog } from '../src/messaging/reading/own-log.js';
import { Timeline } from '../src/messaging/reading/timeline.js';
import { MemoryLogFile } from './chat-log-world.js';

/** One copy of a chat in memory, as the SDK shows it to whom it belongs. What was found before is used further, as while a chat is open. */
export class ShownChat {
  private readonly timeline: Timeline;
  private log: OwnLog | undefined;

  constructor(hasher: Pick<Hasher, 'sha256'>, chatId: string) {
    this.timeline = new Timeline({ hasher, chatId });
  }

  /** All that is shown, oldest first. The messages are those of the calls before, and maybe more behind them. */
  async all(messages: readonly SignedMessage[], state: ChatState): Promise<readonly ChatMessage[]> {
    const { log, index } = buildLog(messages.map((message) => message.encode()));
    const count = messages.length;
    this.log = await OwnLog.open({ file: new MemoryLogFile(log), index, count, version: `${count}`, previous: this.log });
    const view = await this.timeline.at(this.log, { state, seen: 0 });
    const shown: ChatMessage[] = [];
    for (let before: number | undefined; ;) {
      const page = await view.page({ before, limit: MAX_CHAT_PAGE });
      if (page.problem !== undefined) throw page.problem;
      shown.unshift(...page.messages);
      before = page.before;
      if (before === undefined) return shown;
    }
  }
}
