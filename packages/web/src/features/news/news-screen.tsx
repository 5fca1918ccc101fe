import type { ReactNode } from 'react';
import { faultText } from '../../app/fault-text.js';
import { formatRoute } from '../../app/router.js';
import { Shell } from '../../app/shell.js';
import type { SessionInfo } from '../../engine/calls.js';
import type { NewsItem, NewsShare } from '../../engine/feed-calls.js';
import { parentOf } from '../../engine/paths.js';
import { formatTime } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { EmptyState } from '../../ui/empty-state.js';
import { Icon } from '../../ui/icon.js';
import { Name } from '../../ui/name.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { Page } from '../../ui/page.js';
import { Avatar } from '../profile/avatar.js';
import { PersonLink } from '../profile/person-link.js';
import { Composer } from './composer.js';
import styles from './news.module.css';
import { PostCard } from './post-card.js';
import { useNews } from './use-news.js';

/** Posts of oneself and of friends, and what they share. */
export function NewsScreen({ session }: { readonly session: SessionInfo }): ReactNode {
  const text = useText();
  const { items, hasMore, state, error, unreachable, refresh, loadMore, reload } = useNews();
  const shown = items.filter(isNews);
  return (
    <Shell session={session} title={text('news.title')}>
      <Page>
        <div className={styles['bar']}>
          <h1>{text('news.title')}</h1>
          <IconButton icon="restore" label={text('news.refresh')} isDisabled={state !== 'idle'} onPress={refresh} />
        </div>
        <Composer onPosted={() => void reload()} />
        {error === undefined ? null : (
          <Notice kind="problem">
            <p>{faultText(error, text)}</p>
            <Button onPress={refresh}>{text('action.retry')}</Button>
          </Notice>
        )}
        {unreachable.length === 0 ? null : (
          <Notice kind="info">
            <p>{text('news.unreachable', { names: unreachable.join(', ') })}</p>
          </Notice>
        )}
        {state === 'loading' || state === 'updating' ? (
          <ProgressBar label={text('news.loading')} value={undefined} isLabelHidden={shown.length > 0} />
        ) : null}
        {shown.length === 0 && state === 'idle' && error === undefined ? (
          <EmptyState icon="text" title={text('news.none')}>
            <p>{text('news.none.help')}</p>
          </EmptyState>
        ) : null}
        <AboutShares isAny={shown.some(({ kind }) => kind === 'share')} />
        {shown.length === 0 ? null : (
          <div className={styles['list']} role="feed" aria-label={text('news.title')} aria-busy={state !== 'idle'}>
            {shown.map((item) => (
              <OneItem key={item.number} item={item} onChanged={() => void reload()} />
            ))}
          </div>
        )}
        {hasMore ? (
          <Button isPending={state === 'more'} isDisabled={state !== 'idle'} onPress={loadMore}>
            {text('news.more')}
          </Button>
        ) : null}
      </Page>
    </Shell>
  );
}

/** What was deleted, or is not shared any more, is no news; nor are own answers, which stand under what they answer, and the files of chats. */
function isNews(item: NewsItem): boolean {
  switch (item.kind) {
    case 'post':
      return !item.isOwn || item.parent === undefined;
    case 'share':
      return item.path.split('/')[2] !== '.messaging';
    default:
      return !item.isGone;
  }
}

function OneItem({ item, onChanged }: { readonly item: NewsItem; readonly onChanged: () => void }): ReactNode {
  const text = useText();
  switch (item.kind) {
    case 'post':
      return <PostCard post={item} isNew={item.isNew} onChanged={onChanged} />;
    case 'share':
      return <ShareCard share={item} isNew={item.isNew} />;
    default:
      return (
        <article className={styles['card']} aria-label={text('news.damaged', { name: item.sharer })}>
          <p className={styles['quiet']}>
            <Icon name="damaged" /> {text('news.damaged', { name: item.sharer })}
          </p>
        </article>
      );
  }
}

/**
 * What the feed does not know of shares: an item of it has no time, and its place says only when the account has heard of it, which may be long after it was shared and after the posts beside it were written; what the account
 * itself shares is not in it at all (chapter 06 sections 16.1 to 16.3). To put the two in one order by time would be to invent times.
 */
function AboutShares({ isAny }: { readonly isAny: boolean }): ReactNode {
  const text = useText();
  return (
    <p className={styles['quiet']}>
      {isAny ? `${text('news.order')} ` : ''}
      <a href={formatRoute({ name: 'shared' })}>{text('news.own')}</a>
    </p>
  );
}

function ShareCard({ share, isNew }: { readonly share: NewsShare; readonly isNew: boolean }): ReactNode {
  const text = useText();
  const language = useLanguage();
  const { path, name, owner, sharer, isDirectory, isWritable, modified } = share;
  return (
    <article className={styles['card']} aria-label={text('news.sharedBy', { name: sharer })}>
      <header className={styles['head']}>
        <Avatar username={sharer} />
        <div className={styles['who']}>
          <PersonLink username={sharer} />
          {isNew ? <span className={styles['new']}>{text('news.new')}</span> : null}
          <p className={styles['quiet']}>
            {text(isDirectory ? 'news.shares.folder' : 'news.shares.file')}
            {isWritable ? ` · ${text('news.writable')}` : ''}
            {owner === sharer ? '' : ` · ${text('news.ownedBy', { name: owner })}`}
            {' · '}
            <time dateTime={new Date(modified).toISOString()}>{text('news.changed', { time: formatTime(modified, language) })}</time>
          </p>
        </div>
      </header>
      <a className={styles['shared']} href={formatRoute({ name: isDirectory ? 'drive' : 'view', path })}>
        <Icon name={isDirectory ? 'folder' : 'file'} size={28} />
        <Name>{name}</Name>
      </a>
      {isDirectory ? null : (
        <p className={styles['quiet']}>
          <a href={formatRoute({ name: 'drive', path: parentOf(path) })}>{text('news.inFolder')}</a>
        </p>
      )}
    </article>
  );
}
