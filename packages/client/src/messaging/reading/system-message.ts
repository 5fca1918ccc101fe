import { type ChatState, MemberId, type MessageEnvelope } from '@pyrgos/core/chat';
import type { ChatMessageKind } from '../chat-types.js';

/** Something that has happened in a chat. */
export interface ChatEvent {
  readonly kind: Exclude<ChatMessageKind, 'text'>;
  /** Names, or the title. */
  readonly about: readonly string[];
}

/**
 * What a message says about the chat itself (chapter 07 section 10.2); undefined for what is not shown: what had no effect, as far as that can be told from how the chat is now, what the creation
 * of a chat brings along, and messages of other kinds.
 */
export function chatEvent(
  { author, payload, timestamp }: MessageEnvelope,
  { members, properties, admins }: ChatState,
): ChatEvent | undefined {
  const counter = timestamp.get(author);
  switch (payload.kind) {
    case 'join':
      // Whoever is there does not come once more.
      return counter === 1 ? { kind: 'joined', about: [] } : undefined;
    case 'invite':
      return { kind: 'invited', about: [payload.username] };
    case 'remove-member': {
      const member = members.get(payload.member.toString());
      if (member?.isRemoved !== true) return undefined;
      return author.equals(payload.member) ? { kind: 'left', about: [] } : { kind: 'removed', about: [member.username] };
    }
    case 'group-state': {
      const { key, value } = payload;
      if (key === 'title') return { kind: 'title', about: [value] };
      if (key === 'iconBase64') return { kind: 'icon', about: [] };
      if (key !== 'admins') return undefined;
      // The first thing that a creator does.
      if (author.equals(MemberId.creator) && counter === 2) return undefined;
      const now = properties.get(key);
      const isInForce = now !== undefined && now.author.equals(author) && now.timestamp.equals(timestamp);
      const name = members.get(author.toString())?.username;
      // Nobody else's word counts.
      if (!isInForce && (name === undefined || !admins.includes(name))) return undefined;
      return { kind: 'admins', about: value.split(',').filter((one) => one !== '') };
    }
    default:
      return undefined;
  }
}
