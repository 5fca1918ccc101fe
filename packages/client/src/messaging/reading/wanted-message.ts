import type { MessageEnvelope } from '@pyrgos/core/chat';
import type { Multihash } from '@pyrgos/core/codec';
import { textOf } from './message-content.js';

/** A message that may have been sent already. */
export interface WantedMessage {
  /** Unix time in milliseconds that it says it was sent at. */
  readonly time: number;
  readonly text: string;
  /** The ref of what it answers to. */
  readonly parent: string | undefined;
  /** SHA-256 of its files, in their order; undefined for one of which nobody knows that yet. */
  readonly files: readonly (Multihash | undefined)[];
}

/** Whether a message is the one that is looked for: all of it is as it was sent, whatever edits have made of it since. */
export function isWanted({ payload, time }: MessageEnvelope, wanted: WantedMessage): boolean {
  if (time !== wanted.time || (payload.kind !== 'application' && payload.kind !== 'reply')) return false;
  const parent = payload.kind === 'reply' ? payload.parent.toString() : undefined;
  if (parent !== wanted.parent || textOf(payload.body) !== wanted.text) return false;
  const files = payload.body.filter((part) => typeof part !== 'string');
  if (files.length !== wanted.files.length) return false;
  return files.every(({ contentHash }, i) => wanted.files[i]?.equals(contentHash) !== false);
}
