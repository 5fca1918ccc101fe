import { CHANNEL, type TabMessage } from './tab-messages.js';

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
