/** What the tabs of one browser tell each other. */
export type TabMessage =
  /** Whoever is logged in under this name and would lose something by logging out says so. */
  | { readonly kind: 'ask'; readonly username: string }
  | { readonly kind: 'busy'; readonly username: string }
  /** Somebody has logged out under this name. */
  | { readonly kind: 'out'; readonly username: string };

/** The line between the tabs. */
export const CHANNEL = 'pyrgos-tabs';

/** Listens to the other tabs, whatever this one shows, until the function that it returns is called. What answers them is fetched when it is needed. */
export function listenToOtherTabs(): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => {
    void import('./other-tabs.js').then(({ hearOtherTab }) => {
      hearOtherTab(data, channel);
    });
  });
  return () => {
    channel.close();
  };
}
