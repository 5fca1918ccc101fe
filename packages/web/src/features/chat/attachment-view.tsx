import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import { faultText } from '../../app/fault-text.js';
import type { ChatAttachmentName, ChatFile } from '../../engine/chat-calls.js';
import { formatSize } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Icon, type IconName } from '../../ui/icon.js';
import { showToast } from '../../ui/toasts.js';
import { type MediaKind, mediaFileName, mediaKind } from '../news/media-name.js';
import { openViewer } from '../viewers/open-viewer.js';
import { viewerKindOf } from '../viewers/viewer-kind.js';
import { doneWithAttachment, type OpenedAttachment, storeAttachment, takeAttachment } from './attachment-cache.js';
import styles from './attachment.module.css';

const ICONS: Readonly<Record<MediaKind, IconName>> = {
  image: 'image',
  video: 'video',
  audio: 'audio',
  text: 'text',
  pdf: 'text',
  document: 'text',
  archive: 'folder',
  other: 'file',
};

/** How far out of sight attachments are loaded. */
const NEAR = '400px';

/** What a message shows: a picture, which opens larger; a film or a sound with a player; anything else as a row to open or to store. Its height does not change when it is there. */
export function AttachmentView({
  id,
  messageRef: ref,
  place,
  attachment,
  author,
  isStop,
}: {
  readonly id: string;
  readonly messageRef: string;
  /** Among the attachments of the message. */
  readonly place: number;
  readonly attachment: ChatAttachmentName;
  readonly author: string;
  /** Whether the Tab key leads to what can be done with it. */
  readonly isStop: boolean;
}): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [opened, setOpened] = useState<OpenedAttachment | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const [isBroken, setBroken] = useState(false);
  const [isNear, setNear] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const { name, extension } = attachment;
  useEffect(() => {
    const { current } = box;
    if (isNear || current === null) return undefined;
    const watch = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setNear(true);
      },
      { rootMargin: NEAR },
    );
    watch.observe(current);
    return () => {
      watch.disconnect();
    };
  }, [isNear]);
  useEffect(() => {
    if (!isNear) return undefined;
    let isStale = false;
    const where = { id, ref, place };
    takeAttachment(where, { name, extension }, isAsked).then(
      (found) => {
        if (!isStale) setOpened(found);
      },
      (caught: unknown) => {
        if (!isStale) setError(caught);
      },
    );
    return () => {
      isStale = true;
      doneWithAttachment(where, isAsked);
    };
  }, [id, ref, place, name, extension, isNear, isAsked]);

  // What it will be is guessed, so that what is below it stays where it is.
  const guess = viewerKindOf({ name: `file.${extension}`, mimeType: '', size: 1 });
  const isLarge =
    opened === undefined ? guess === 'image' || guess === 'video' : !isBroken && (opened.kind === 'image' || opened.kind === 'video');
  const shape = isLarge ? styles['large'] : styles['small'];
  if (error !== undefined) {
    return (
      <p className={`${styles['attachment']} ${shape} ${styles['failed']}`}>
        <Icon name="damaged" /> {faultText(error, text)}
      </p>
    );
  }
  if (opened === undefined) {
    return (
      <div
        ref={box}
        className={`${styles['attachment']} ${shape}`}
        role="status"
        aria-label={text('chat.file.loading', { name: author })}
      />
    );
  }
  const store = (): void => {
    storeAttachment({ id, ref, place }, storedName(opened, author, attachment)).catch((caught: unknown) => {
      showToast({ kind: 'problem', text: faultText(caught, text) });
    });
  };
  if (isBroken || opened.kind === 'other') return <FileRow opened={opened} attachment={attachment} isStop={isStop} onStore={store} />;
  const { address } = opened;
  if (address === undefined) {
    const size = formatSize(opened.size, language);
    return (
      <AriaButton
        className={`${styles['attachment']} ${shape} ${styles['more']}`}
        isPending={isAsked}
        excludeFromTabOrder={!isStop}
        onPress={() => {
          setAsked(true);
        }}
      >
        {text('chat.picture.load', { name: author, size })}
      </AriaButton>
    );
  }
  if (opened.kind === 'image') {
    return (
      <Picture
        address={address}
        author={author}
        isStop={isStop}
        onStore={store}
        onBroken={() => {
          setBroken(true);
        }}
      />
    );
  }
  const Player = opened.kind;
  return (
    <Player
      className={`${styles['attachment']} ${shape} ${styles['player']}`}
      src={address}
      controls
      preload="metadata"
      aria-label={text('chat.player', { name: author })}
      onError={() => {
        setBroken(true);
      }}
    />
  );
}

function Picture({
  address,
  author,
  isStop,
  onStore,
  onBroken,
}: {
  readonly address: string;
  readonly author: string;
  readonly isStop: boolean;
  readonly onStore: () => void;
  readonly onBroken: () => void;
}): ReactNode {
  const text = useText();
  const [isLarge, setLarge] = useState(false);
  const name = text('chat.picture', { name: author });
  const close = (): void => {
    setLarge(false);
  };
  return (
    <>
      <AriaButton
        className={`${styles['attachment']} ${styles['large']} ${styles['picture']}`}
        aria-label={text('chat.picture.open', { name: author })}
        excludeFromTabOrder={!isStop}
        onPress={() => {
          setLarge(true);
        }}
      >
        <img src={address} alt={name} onError={onBroken} />
      </AriaButton>
      {isLarge ? (
        <Dialog
          title={name}
          size="full"
          onClose={close}
          actions={
            <>
              <Button kind="primary" onPress={close}>
                {text('action.close')}
              </Button>
              <Button icon="download" onPress={onStore}>
                {text('news.store')}
              </Button>
            </>
          }
        >
          <img className={styles['whole']} src={address} alt={name} />
        </Dialog>
      ) : null}
    </>
  );
}

function FileRow({
  opened,
  attachment: { extension },
  isStop,
  onStore,
}: {
  readonly opened: OpenedAttachment;
  readonly attachment: ChatAttachmentName;
  readonly isStop: boolean;
  readonly onStore: () => void;
}): ReactNode {
  const text = useText();
  const language = useLanguage();
  const kind = mediaKind({ ...opened, name: extension === '' ? undefined : `file.${extension}` });
  const words = text(`news.kind.${kind}`);
  const file = text('chat.file', {
    kind: extension === '' ? words : `${words} (${extension})`,
    size: formatSize(opened.size, language),
  });
  const { path } = opened;
  const canOpen =
    path !== undefined && viewerKindOf({ name: `file.${extension}`, mimeType: opened.mimeType, size: opened.size }) !== 'other';
  return (
    <div className={`${styles['attachment']} ${styles['small']} ${styles['row']}`}>
      <Icon name={ICONS[kind]} />
      {canOpen ? (
        <AriaButton
          className={styles['open'] ?? ''}
          aria-label={text('chat.file.open', { file })}
          excludeFromTabOrder={!isStop}
          onPress={() => {
            openViewer(path);
          }}
        >
          {file}
        </AriaButton>
      ) : (
        <span className={styles['words']}>{file}</span>
      )}
      <IconButton icon="download" label={text('chat.file.store', { file })} excludeFromTabOrder={!isStop} onPress={onStore} />
    </div>
  );
}

/** The name under which an attachment is stored on the device: nothing of the random one; the extension only where it is one. */
export function storedName(opened: Pick<ChatFile, 'mimeType' | 'size'>, author: string, { extension }: ChatAttachmentName): string {
  const named = mediaFileName({ ...opened, name: undefined }, `${author}-${new Date().toISOString().slice(0, 10)}`);
  return named.includes('.') || !/^[a-z0-9]{1,10}$/u.test(extension) ? named : `${named}.${extension}`;
}
