import { onLeave } from '../../app/leaving.js';
import type { AttachmentPlace, ChatAttachmentName, ChatFile } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';
import { addressOf, type ShownAddress } from '../media/shown-file.js';

/** An attachment that was opened, with its address in this page. */
export type OpenedAttachment = ChatFile & ShownAddress;

/** Files that are kept, for scrolling back to them; those that were shown longest ago go first. */
const MAX_KEPT = 60;
/** Bytes that are kept. */
const MAX_BYTES = 100_000_000;

interface Kept {
  readonly opened: Promise<OpenedAttachment>;
  users: number;
  bytes: number;
}

const kept = new Map<string, Kept>();

/** Opens an attachment, once. Say {@link doneWithAttachment} when it is not shown any more. */
export async function takeAttachment(place: AttachmentPlace, { extension }: ChatAttachmentName): Promise<OpenedAttachment> {
  const key = keyOf(place);
  const before = kept.get(key);
  if (before !== undefined) {
    // The one that was shown last.
    kept.delete(key);
    kept.set(key, before);
    before.users++;
    return before.opened;
  }
  const entry: Kept = { opened: open(place, extension), users: 1, bytes: 0 };
  kept.set(key, entry);
  try {
    const opened = await entry.opened;
    entry.bytes = opened.bytes?.length ?? 0;
    return opened;
  } catch (error) {
    if (kept.get(key) === entry) kept.delete(key);
    throw error;
  }
}

/** An attachment is not shown any more; its address is taken away when there is no room. */
export function doneWithAttachment(place: AttachmentPlace): void {
  const entry = kept.get(keyOf(place));
  if (entry !== undefined) entry.users--;
  let bytes = [...kept.values()].reduce((sum, one) => sum + one.bytes, 0);
  for (const [key, one] of kept) {
    if (kept.size <= MAX_KEPT && bytes <= MAX_BYTES) return;
    if (one.users > 0) continue;
    bytes -= one.bytes;
    forget(key, one);
  }
}

onLeave(() => {
  for (const [key, one] of kept) forget(key, one);
});

async function open(place: AttachmentPlace, extension: string): Promise<OpenedAttachment> {
  const file = await engine().call('chat.attachment', place);
  // The name is a random one; what it ends with may say more than the type.
  return { ...file, ...(await addressOf({ attachment: place }, { ...file, name: extension === '' ? '' : `file.${extension}` })) };
}

function keyOf({ id, ref, place }: AttachmentPlace): string {
  return `${id}/${ref}/${place}`;
}

function forget(key: string, { opened }: Kept): void {
  kept.delete(key);
  opened.then(
    ({ close }) => {
      close();
    },
    () => undefined,
  );
}
