import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import { faultText } from '../../app/fault-text.js';
import type { ChatMediaItem } from '../../engine/chat-calls.js';
import { engine } from '../../engine/start-engine.js';
import { formatTime } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { showToast } from '../../ui/toasts.js';
import { storeShown } from '../media/shown-file.js';
import { mediaKind } from '../news/media-name.js';
import { openViewer } from '../viewers/open-viewer.js';
import { shownTypeOf } from '../viewers/viewer-kind.js';
import { storedName } from './attachment-view.js';
import styles from './dialogs.module.css';
import { MediaFacts } from './media-facts.js';
import { smallPicture } from './small-picture.js';

/** An attachment in the gallery: pictures as they are, anything else by what it is. Opens in a viewer, or is stored on the device as long as there is no own copy. */
export function MediaTile({
  id,
  item,
  onShow,
}: {
  readonly id: string;
  readonly item: ChatMediaItem;
  readonly onShow: () => void;
}): ReactNode {
  const text = useText();
  const language = useLanguage();
  const tile = useRef<HTMLLIElement>(null);
  const [isBusy, setBusy] = useState(false);
  const { line, place, name } = item;
  const attachment = { id, ref: line.ref, place };
  const type = shownTypeOf({ name, mimeType: '' });
  const kind = mediaKind({ name, mimeType: type, size: 1 });
  const picture = usePicture(attachment, kind === 'image', tile);

  const open = async (): Promise<void> => {
    setBusy(true);
    try {
      const file = await engine().call('chat.attachment', attachment);
      const { path, bytes } = file;
      if (path === undefined) await storeShown({ attachment }, bytes, storedName(file, line.author, item));
      else openViewer(path);
    } catch (error) {
      showToast({ kind: 'problem', text: faultText(error, text) });
    }
    setBusy(false);
  };
  return (
    <li ref={tile} className={styles['item']}>
      <AriaButton
        className={styles['tile'] ?? ''}
        isPending={isBusy}
        aria-label={text('chatMedia.open', { kind: text(`news.kind.${kind}`), name: line.author, time: formatTime(line.time, language) })}
        onPress={() => void open()}
      >
        {picture === undefined ? (
          <Icon name={kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'file'} size={40} />
        ) : (
          <img src={picture} alt="" />
        )}
      </AriaButton>
      <MediaFacts id={id} item={item} kind={text(`news.kind.${kind}`)} />
      <Button kind="quiet" onPress={onShow}>
        {text('chatMedia.show')}
      </Button>
    </li>
  );
}

/** A small picture of an attachment, made when the tile comes into sight; undefined until then, and when there is none. */
function usePicture(
  { id, ref, place }: { readonly id: string; readonly ref: string; readonly place: number },
  isPicture: boolean,
  tile: { readonly current: HTMLElement | null },
): string | undefined {
  const [address, setAddress] = useState<string | undefined>(undefined);
  useEffect(() => {
    const { current } = tile;
    if (!isPicture || current === null) return undefined;
    const stop = new AbortController();
    let made: string | undefined;
    const make = async (): Promise<void> => {
      const { bytes, mimeType } = await engine().call('chat.attachment', { id, ref, place }, { signal: stop.signal });
      const small = bytes === undefined ? undefined : await smallPicture(bytes, mimeType);
      if (stop.signal.aborted) {
        if (small !== undefined) URL.revokeObjectURL(small);
        return;
      }
      made = small;
      setAddress(small);
    };
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      watch.disconnect();
      // What cannot be fetched now says so when it is opened.
      make().catch(() => undefined);
    });
    watch.observe(current);
    return () => {
      watch.disconnect();
      stop.abort();
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [id, ref, place, isPicture, tile]);
  return address;
}
