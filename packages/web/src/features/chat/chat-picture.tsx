import { type ReactNode, useEffect, useMemo, useState } from 'react';
import type { ChatRow } from '../../engine/chat-calls.js';
import { Icon } from '../../ui/icon.js';
import { Avatar } from '../profile/avatar.js';
import styles from './chat.module.css';

/** Types of pictures that are shown; anything else that a member has set is none. */
const TYPES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/** The picture of a chat: its own one, that of the only other person, or a drawing. Says nothing: the name stands beside it. */
export function ChatPictureView({
  chat: { icon, members, pending },
  self,
  size = 44,
}: {
  readonly chat: Pick<ChatRow, 'icon' | 'members' | 'pending'>;
  readonly self: string;
  readonly size?: number;
}): ReactNode {
  const [isBroken, setBroken] = useState(false);
  const address = useMemo(
    () =>
      icon === undefined || !TYPES.has(icon.mimeType) ? undefined : URL.createObjectURL(new Blob([icon.bytes], { type: icon.mimeType })),
    [icon],
  );
  useEffect(() => {
    setBroken(false);
    return () => {
      if (address !== undefined) URL.revokeObjectURL(address);
    };
  }, [address]);
  const others = [...members, ...pending].filter((name) => name !== self);
  const [other] = others;
  if (address !== undefined && !isBroken) {
    return (
      <img
        className={styles['icon']}
        src={address}
        alt=""
        width={size}
        height={size}
        onError={() => {
          setBroken(true);
        }}
      />
    );
  }
  if (other !== undefined && others.length === 1) return <Avatar username={other} size={size} />;
  return (
    <span className={styles['icon']} style={{ inlineSize: `${size}px`, blockSize: `${size}px` }} aria-hidden="true">
      <Icon name="people" size={size / 2} />
    </span>
  );
}
