import type { MissingMessages } from './chat-working-copy.js';
import type { MemberId } from './member-id.js';

/** Messages in the logs of others that cannot be taken yet, because others are missing before them: which numbers of which author. */
export class HeldMessages {
  /** By the author, in ascending order. */
  private readonly counters = new Map<string, number[]>();

  /** Notes a message. */
  add(author: MemberId, counter: number): void {
    const list = this.counters.get(author.toString()) ?? [];
    this.counters.set(author.toString(), list);
    const at = (list.at(-1) ?? 0) < counter ? list.length : list.findIndex((known) => known >= counter);
    if (list[at] !== counter) list.splice(at, 0, counter);
  }

  /** Forgets a message: it was taken. */
  delete(author: MemberId, counter: number): void {
    const list = this.counters.get(author.toString()) ?? [];
    const at = list.indexOf(counter);
    if (at >= 0) list.splice(at, 1);
  }

  /** Whether one of those that are missing is among them. */
  hasAnyOf({ author, after, upTo }: MissingMessages): boolean {
    const list = this.counters.get(author.toString()) ?? [];
    // What is known by now waits no longer.
    while ((list[0] ?? Infinity) <= after) list.shift();
    return (list[0] ?? Infinity) <= upTo;
  }
}
