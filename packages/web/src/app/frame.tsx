import type { ReactNode } from 'react';
import type { SessionInfo } from '../engine/calls.js';
import { GuestShell } from './guest-shell.js';
import { useGuest } from './guest-store.js';
import { Shell } from './shell.js';

/** The frame of the screens for files: that of somebody at home, or that of somebody who has followed a link. */
export function Frame({
  session,
  title,
  children,
}: {
  readonly session: SessionInfo;
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  const guest = useGuest();
  if (guest === undefined) {
    return (
      <Shell session={session} title={title}>
        {children}
      </Shell>
    );
  }
  return (
    <GuestShell guest={guest} title={title}>
      {children}
    </GuestShell>
  );
}
