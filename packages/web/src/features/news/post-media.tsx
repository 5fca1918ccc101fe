import { type ReactNode, useEffect, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import { faultText } from '../../app/fault-text.js';
import type { NewsMedia, NewsPost } from '../../engine/feed-calls.js';
import { engine } from '../../engine/start-engine.js';
import { formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { showToast } from '../../ui/toasts.js';
import { addressOf, type ShownAddress, storeShown } from '../media/shown-file.js';
import { mediaFileName, mediaKind } from './media-name.js';
import styles from './news.module.css';

/** What a post shows: pictures, which open larger; films and sounds with a player; anything else to store. */
export function PostMedia({ post }: { readonly post: NewsPost }): ReactNode {
  if (post.mediaCount === 0) return null;
  return (
    <div className={styles['media']}>
      {Array.from({ length: post.mediaCount }, (_, index) => (
        // What is shown has no other name.
        <OneMedia key={index} post={post} index={index} />
      ))}
    </div>
  );
}

type Shown = NewsMedia & ShownAddress;

/** Opens what a post shows, and gives it an address. */
async function openMedia(path: string, index: number, signal: AbortSignal): Promise<Shown> {
  const media = await engine().call('feed.media', { path, index }, { signal });
  return { ...media, ...(await addressOf({ path, index }, { ...media, name: '' })) };
}

function OneMedia({ post, index }: { readonly post: NewsPost; readonly index: number }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [shown, setShown] = useState<Shown | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const [isLarge, setLarge] = useState(false);
  const { path } = post;
  useEffect(() => {
    const stop = new AbortController();
    let close = (): void => undefined;
    openMedia(path, index, stop.signal).then(
      (found) => {
        if (stop.signal.aborted) {
          found.close();
          return;
        }
        close = found.close;
        setShown(found);
      },
      (caught: unknown) => {
        if (!stop.signal.aborted) setError(caught);
      },
    );
    return () => {
      stop.abort();
      close();
    };
  }, [path, index]);

  if (error !== undefined) return <p className={styles['quiet']}>{faultText(error, text)}</p>;
  if (shown === undefined) return <div className={styles['placeholder']} role="status" aria-label={text('app.loading')} />;
  const name = text('news.picture', { number: index + 1, name: post.author });
  const store = (): void => {
    storeShown({ path, index }, shown.bytes, mediaFileName(shown, `${post.author}-${index + 1}`)).catch((caught: unknown) => {
      showToast({ kind: 'problem', text: faultText(caught, text) });
    });
  };
  switch (shown.kind) {
    case 'image':
      return (
        <>
          <AriaButton
            className={styles['picture'] ?? ''}
            aria-label={text('news.picture.open', { number: index + 1, name: post.author })}
            onPress={() => {
              setLarge(true);
            }}
          >
            <img
              src={shown.address}
              alt={name}
              onError={() => {
                setShown({ ...shown, kind: 'other' });
              }}
            />
          </AriaButton>
          {isLarge ? (
            <Dialog
              title={name}
              size="full"
              onClose={() => {
                setLarge(false);
              }}
              actions={
                <>
                  <Button
                    kind="primary"
                    onPress={() => {
                      setLarge(false);
                    }}
                  >
                    {text('action.close')}
                  </Button>
                  <Button icon="download" onPress={store}>
                    {text('news.store')}
                  </Button>
                </>
              }
            >
              <img className={styles['large']} src={shown.address} alt={name} />
            </Dialog>
          ) : null}
        </>
      );
    case 'video':
      return <video className={styles['player']} src={shown.address} controls preload="metadata" aria-label={name} />;
    case 'audio':
      return <audio className={styles['player']} src={shown.address} controls preload="metadata" aria-label={name} />;
    default: {
      const file = text('news.file', { name: shown.name ?? text(`news.kind.${mediaKind(shown)}`), size: formatSize(shown.size, language) });
      return (
        <Button icon="download" aria-label={text('news.file.store', { file })} onPress={store}>
          {file}
        </Button>
      );
    }
  }
}
