import { assertObject, assertString } from '@pyrgos/core/arguments';
import { assertBytes } from '@pyrgos/core/bytes';
import { decodeBase64, encodeBase64 } from '@pyrgos/core/codec';
import { ArgumentError, LimitError, PyrgosError } from '@pyrgos/core/errors';
import { MAX_CHAT_ICON_SIZE } from '@pyrgos/core/limits';
import type { ChatIcon } from './chat-types.js';

/** What a picture of a chat may be: nothing that can hold a program. */
const TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const DATA_URL = /^data:(image\/[a-z]+);base64,([A-Za-z0-9+/]*={0,2})$/;

/** The property that sets a picture (chapter 07 section 3.7). ArgumentError, LimitError. */
export function formatIcon({ bytes, mimeType }: ChatIcon): string {
  return `data:${mimeType};base64,${encodeBase64(bytes)}`;
}

/** Requires a picture. ArgumentError; LimitError beyond MAX_CHAT_ICON_SIZE. */
export function assertIcon(field: string, icon: ChatIcon): void {
  assertObject(field, icon);
  assertBytes(`${field}.bytes`, icon.bytes);
  assertString(`${field}.mimeType`, icon.mimeType);
  if (!TYPES.includes(icon.mimeType)) throw new ArgumentError(`${field}.mimeType`, `must be one of ${TYPES.join(', ')}`);
  if (icon.bytes.length > MAX_CHAT_ICON_SIZE) throw new LimitError('bytes of the picture of a chat', icon.bytes.length, MAX_CHAT_ICON_SIZE);
}

/** The picture that a member has set; undefined for what is none, or too large. */
export function parseIcon(text: string | undefined): ChatIcon | undefined {
  if (text === undefined || text.length > Math.ceil(MAX_CHAT_ICON_SIZE / 3) * 4 + 64) return undefined;
  const [, mimeType = '', base64 = ''] = DATA_URL.exec(text) ?? [];
  if (!TYPES.includes(mimeType)) return undefined;
  try {
    const bytes = decodeBase64(base64);
    return bytes.length === 0 ? undefined : { bytes, mimeType };
  } catch (error) {
    if (error instanceof PyrgosError) return undefined;
    throw error;
  }
}
