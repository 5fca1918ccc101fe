import { PyrgosError } from '@pyrgos/core/errors';
import type { ChatMedia } from './chat-media.js';

/** Bytes of attachments that are copied before a refresh comes back, of all its chats together; more is copied behind its back. */
const AT_ONCE = 16_777_216;

/** Copies attachments of others: small ones at once, and large ones behind the back of the caller, one chat after the other. */
export class MediaQueue {
  private readonly waiting = new Set<string>();
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly media: ChatMedia) {}

  /** Copies what waits in chats, and goes on with what is too much without being waited for. */
  async run(ids: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    let left = AT_ONCE;
    for (const id of ids) {
      const { bytes, hasMore } = await this.media.mirror(id, signal, left);
      left = Math.max(0, left - bytes);
      if (hasMore) this.goOn(id);
    }
  }

  /** Waits for everything that is being copied. */
  async settled(): Promise<void> {
    await this.last;
  }

  private goOn(id: string): void {
    if (this.waiting.has(id)) return;
    this.waiting.add(id);
    this.last = this.last.then(async () => {
      try {
        await this.media.mirror(id, undefined, Infinity);
      } catch (error) {
        // What was not copied now waits for the next refresh.
        if (!(error instanceof PyrgosError)) throw error;
      } finally {
        this.waiting.delete(id);
      }
    });
    this.last.catch(() => undefined);
  }
}
