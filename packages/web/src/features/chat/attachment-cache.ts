import { onLeave } from '../../app/leaving.js';
import type { AttachmentPlace, ChatAttachmentName, ChatFile } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';
import { addressOf, type ShownAddress, storeShown } from '../media/shown-file.js';
import { viewerKindOf } from '../viewers/viewer-kind.js';
import { inTurn } from './turns.js';

/** An attachment that was opened, with its address in this page; without one when there is nothing to show, or a picture is shown only when somebody asks for it. */
export interface OpenedAttachment extends ChatFile {
  readonly kind: ShownAddress['kind'];
  readonly address: string | undefined;
  readonly close: () => void;
}

/** Bytes up to which pictures and the like are loaded as soon as they are in sight. */
export const MAX_AT_ONCE = 8_000_000;
/** Files that are kept, for scrolling back to them; those that were shown longest ago go first. */
const MAX_KEPT = 60;
/** Bytes that are kept, and bytes of what is shown beyond which nothing is loaded unasked. */
const MAX_BYTES = 100_000_000;

interface Kept {
  readonly opened: Promise<OpenedAttachment>;
  users: number;
  bytes: number;
}

const kept = new Map<string, Kept>();

/** Opens an attachment, once; `isAsked`: whatever its size. Say {@link doneWithAttachment} when it is not shown any more. */
export async function takeAttachment(place: AttachmentPlace, name: ChatAttachmentName, isAsked: boolean): Promise<OpenedAttachment> {
  const key = keyOf(place, isAsked);
  const before = kept.get(key);
  if (before !== undefined) {
    // The one that was shown last.
    kept.delete(key);
    kept.set(key, before);
    before.users++;
    return before.opened;
  }
  const use = { users: 1, bytes: 0 };
  // Its turn may be now: before there is an entry.
  const opened = inTurn(
    async () => open(place, name, isAsked),
    () => use.users > 0,
  );
  const entry: Kept = Object.assign(use, { opened });
  kept.set(key, entry);
  try {
    const found = await opened;
    entry.bytes = found.bytes?.length ?? 0;
    return found;
  } catch (error) {
    if (kept.get(key) === entry) kept.delete(key);
    throw error;
  }
}

/** An attachment is not shown any more; its address is taken away when there is no room. */
export function doneWithAttachment(place: AttachmentPlace, isAsked: boolean): void {
  const entry = kept.get(keyOf(place, isAsked));
  if (entry !== undefined) entry.users--;
  let bytes = bytesOf(() => true);
  for (const [key, one] of kept) {
    if (kept.size <= MAX_KEPT && bytes <= MAX_BYTES) return;
    if (one.users > 0) continue;
    bytes -= one.bytes;
    forget(key, one);
  }
}

/** Stores an attachment on this device: from memory, or as a stream when it is large. */
export async function storeAttachment(attachment: AttachmentPlace, name: string): Promise<void> {
  const { bytes } = await engine().call('chat.attachment', attachment);
  await storeShown({ attachment }, bytes, name);
}

onLeave(() => {
  for (const [key, one] of kept) forget(key, one);
});

async function open(place: AttachmentPlace, { extension }: ChatAttachmentName, isAsked: boolean): Promise<OpenedAttachment> {
  // The name is a random one; what it ends with may say more than the type.
  const name = extension === '' ? '' : `file.${extension}`;
  const room = Math.max(0, Math.min(MAX_AT_ONCE, MAX_BYTES - bytesOf(({ users }) => users > 0)));
  const load = async (most: number | undefined): Promise<ChatFile> => engine().call('chat.attachment', { ...place, most });
  const kindOf = ({ mimeType, size }: Pick<ChatFile, 'mimeType' | 'size'>): ShownAddress['kind'] => {
    const kind = viewerKindOf({ name, mimeType, size });
    return kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'other';
  };
  const most = isAsked ? undefined : room;
  // What cannot be shown need not be loaded.
  let file = await load(kindOf({ mimeType: '', size: 1 }) === 'other' ? -1 : most);
  const kind = kindOf(file);
  const none = { kind, address: undefined, close: () => undefined };
  if (kind === 'other') return { ...file, bytes: undefined, ...none };
  if (file.bytes === undefined && (most === undefined || file.size <= most)) file = await load(most);
  if (file.bytes === undefined && kind === 'image' && !isAsked) return { ...file, ...none };
  return { ...file, ...(await addressOf({ attachment: place }, { ...file, name })) };
}

function bytesOf(isCounted: (one: Kept) => boolean): number {
  return [...kept.values()].filter(isCounted).reduce((sum, { bytes }) => sum + bytes, 0);
}

function keyOf({ id, ref, place }: AttachmentPlace, isAsked: boolean): string {
  return `${id}/${ref}/${place}${isAsked ? '/asked' : ''}`;
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
