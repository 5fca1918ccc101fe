import { PyrgosError } from '../errors.js';
import type { LogItem } from './message-log.js';
import type { MemberId } from './member-id.js';
import type { MessageEnvelope } from './message-envelope.js';

/** Messages before a place that are looked at first; each further look goes so many times as far back. */
const FIRST_STEP = 64;
const STEP_FACTOR = 8;

/** The log of another member, of which some messages are looked at. */
export interface LookedAtLog {
  /** How many messages there are. */
  readonly length: number;
  /** The messages with the numbers [from, to), in order. Errors when they cannot be read. */
  readonly read: (from: number, to: number) => AsyncIterable<LogItem>;
}

/**
 * From where on the log of a member has to be read by somebody who has a copy of another log (chapter 07 section 6.5): the place of the last message before `claimed` that the member has written itself, knowing nothing but
 * what is in the copy (`isCovered`). All that stands before it in the log the member had seen when it was written, so it is in the copy as well. 0 when there is none, or it cannot be read. Looks
 * backwards, in steps that grow: what is claimed is true nearly always.
 */
export async function provenPosition(
  log: LookedAtLog,
  { id, claimed }: { readonly id: MemberId; readonly claimed: number },
  isCovered: (envelope: MessageEnvelope) => boolean,
): Promise<number> {
  let to = Math.min(claimed, log.length);
  try {
    for (let step = FIRST_STEP; to > 0; step *= STEP_FACTOR) {
      const from = Math.max(0, to - step);
      let found: number | undefined;
      let place = from;
      for await (const { message } of log.read(from, to)) {
        if (message?.envelope.author.equals(id) === true && isCovered(message.envelope)) found = place;
        place++;
      }
      if (found !== undefined) return found;
      to = from;
    }
  } catch (error) {
    if (!(error instanceof PyrgosError) || error.code === 'aborted' || error.code === 'internal' || error.code === 'argument') throw error;
  }
  return 0;
}
