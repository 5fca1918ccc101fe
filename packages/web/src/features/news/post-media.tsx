import { type ReactNode, useEffect, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import { faultText } from '../../app/fault-text.js';
import type { NewsMedia, NewsPost } from '../../engine/feed-calls.js';
import { engine } from '../../engine/start-engine.js';
import { formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { storeBytes } from '../transfers/store-bytes.js';
import { viewerKindOf } from '../viewers/viewer-kind.js';
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

interface Shown extends NewsMedia {
  readonly address: string;
  readonly kind: 'image' | 'video' | 'audio' | 'other';
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
    let address: string | undefined;
    engine()
      .call('feed.media', { path, index }, { signal: stop.signal })
      .then(
        (media) => {
          if (stop.signal.aborted) return;
          const found = viewerKindOf({ name: '', mimeType: media.mimeType, size: media.bytes.length });
          const kind = found === 'image' || found === 'video' || found === 'audio' ? found : 'other';
          // Nothing but a picture, a film or a sound gets a type by which a browser would do something with it.
          address = URL.createObjectURL(new Blob([media.bytes], { type: kind === 'other' ? 'application/octet-stream' : media.mimeType }));
          setShown({ ...media, address, kind });
        },
        (caught: unknown) => {
          if (!stop.signal.aborted) setError(caught);
        },
      );
    return () => {
      stop.abort();
      if (address !== undefined) URL.revokeObjectURL(address);
    };
  }, [path, index]);

  if (error !== undefined) return <p className={styles['quiet']}>{faultText(error, text)}</p>;
  if (shown === undefined) return <div className={styles['placeholder']} role="status" aria-label={text('app.loading')} />;
  const name = text('news.picture', { number: index + 1, name: post.author });
  const store = (): void => {
    storeBytes(shown.bytes, `${post.author}-${index + 1}`);
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
    default:
      return (
        <Button icon="download" onPress={store}>
          {text('news.file.store', { number: index + 1, size: formatSize(shown.bytes.length, language) })}
        </Button>
      );
  }
}
