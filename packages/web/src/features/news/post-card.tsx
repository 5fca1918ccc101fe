import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { Label, TextArea, TextField } from 'react-aria-components';
import { faultText } from '../../app/fault-text.js';
import type { NewsContent, NewsPost } from '../../engine/feed-calls.js';
import { engine } from '../../engine/start-engine.js';
import { formatTime } from '../../i18n/format.js';
import { useLanguage, useText } from '../../i18n/text.js';
import { Button, IconButton } from '../../ui/button.js';
import { ConfirmDialog } from '../../ui/dialog.js';
import { MenuButton } from '../../ui/menu.js';
import { showToast } from '../../ui/toasts.js';
import { Avatar } from '../profile/avatar.js';
import { PersonLink } from '../profile/person-link.js';
import { Composer } from './composer.js';
import styles from './news.module.css';
import { PostMedia } from './post-media.js';
import { PostText } from './post-text.js';

/** A post or a comment, with the comments on it. */
export function PostCard({
  post: first,
  isNew = false,
  isComment = false,
  onChanged,
}: {
  readonly post: NewsPost;
  readonly isNew?: boolean;
  readonly isComment?: boolean;
  /** It was deleted, or answered. */
  readonly onChanged: () => void;
}): ReactNode {
  const text = useText();
  const language = useLanguage();
  const [edited, setEdited] = useState<NewsPost | undefined>(undefined);
  const [mode, setMode] = useState<'read' | 'edit' | 'delete'>('read');
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    setEdited(undefined);
  }, [first]);
  const post = edited ?? first;
  return (
    <article className={isComment ? styles['comment'] : styles['card']} aria-label={text('news.postBy', { name: post.author })}>
      <header className={styles['head']}>
        <Avatar username={post.author} size={isComment ? 28 : 40} />
        <div className={styles['who']}>
          <PersonLink username={post.author} />
          {isNew ? <span className={styles['new']}>{text('news.new')}</span> : null}
          <p className={styles['quiet']}>
            {post.parent === undefined || isComment ? null : `${text('news.answers', { name: post.parent.owner })} · `}
            <time dateTime={new Date(post.time).toISOString()}>{formatTime(post.time, language)}</time>
            {` · ${text(`news.audience.${post.audience}`)}`}
            {post.isEdited ? ` · ${text('news.edited')}` : ''}
          </p>
        </div>
        {post.isOwn ? (
          <MenuButton
            label={text('news.menu')}
            choices={[
              {
                id: 'edit',
                label: text('news.edit'),
                icon: 'edit',
                onChoose: () => {
                  setMode('edit');
                },
              },
              {
                id: 'delete',
                label: text('news.delete'),
                icon: 'trash',
                isDanger: true,
                onChoose: () => {
                  setMode('delete');
                },
              },
            ]}
          >
            <IconButton icon="more" label={text('news.menu')} />
          </MenuButton>
        ) : null}
      </header>
      {mode === 'edit' ? (
        <EditForm
          post={post}
          onDone={(changed) => {
            setMode('read');
            if (changed !== undefined) setEdited(changed);
          }}
        />
      ) : (
        <PostText text={post.text} />
      )}
      <PostMedia post={post} />
      <div className={styles['tools']}>
        <Button
          kind="quiet"
          aria-expanded={isOpen}
          onPress={() => {
            setOpen(!isOpen);
          }}
        >
          {post.commentCount === 0 ? text('news.answer') : text('news.comments', { count: post.commentCount })}
        </Button>
      </div>
      {isOpen ? <Comments post={post} onChanged={onChanged} /> : null}
      {mode === 'delete' ? (
        <DeleteDialog
          post={post}
          onDone={(isDeleted) => {
            setMode('read');
            if (isDeleted) onChanged();
          }}
        />
      ) : null}
    </article>
  );
}

function EditForm({ post, onDone }: { readonly post: NewsPost; readonly onDone: (changed: NewsPost | undefined) => void }): ReactNode {
  const text = useText();
  const [words, setWords] = useState(post.text);
  const [isPending, setPending] = useState(false);
  const save = async (): Promise<void> => {
    setPending(true);
    try {
      onDone(await engine().call('feed.edit', { path: post.path, text: words }));
    } catch (error) {
      showToast({ kind: 'problem', text: faultText(error, text) });
      setPending(false);
    }
  };
  return (
    <form
      className={styles['answer']}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <TextField value={words} onChange={setWords} className={styles['field'] ?? ''} autoFocus>
        <Label>{text('news.edit.label')}</Label>
        <TextArea className={styles['area'] ?? ''} rows={3} dir="auto" />
      </TextField>
      <p className={styles['quiet']}>{text('news.edit.help')}</p>
      <div className={styles['tools']}>
        <Button kind="primary" type="submit" isPending={isPending}>
          {text('action.save')}
        </Button>
        <Button
          onPress={() => {
            onDone(undefined);
          }}
        >
          {text('action.cancel')}
        </Button>
      </div>
    </form>
  );
}

function DeleteDialog({ post, onDone }: { readonly post: NewsPost; readonly onDone: (isDeleted: boolean) => void }): ReactNode {
  const text = useText();
  const [isPending, setPending] = useState(false);
  const remove = async (): Promise<void> => {
    setPending(true);
    try {
      await engine().call('feed.delete', { path: post.path });
      onDone(true);
    } catch (error) {
      showToast({ kind: 'problem', text: faultText(error, text) });
      onDone(false);
    }
  };
  return (
    <ConfirmDialog
      title={text('news.delete.title')}
      action={text('news.delete')}
      kind="danger"
      isPending={isPending}
      onConfirm={() => void remove()}
      onClose={() => {
        onDone(false);
      }}
    >
      <p>{text('news.delete.help')}</p>
    </ConfirmDialog>
  );
}

/** The comments on a post, oldest first, with a field for another one. */
function Comments({ post, onChanged }: { readonly post: NewsPost; readonly onChanged: () => void }): ReactNode {
  const text = useText();
  const [comments, setComments] = useState<readonly NewsContent[]>([]);
  const [next, setNext] = useState<number | undefined>(undefined);
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>(undefined);
  /** Answers that were written here: the author's client has not put them under the post yet. */
  const [written, setWritten] = useState(0);
  const { path } = post;
  const load = useCallback(
    async (before: number | undefined): Promise<void> => {
      setLoading(true);
      try {
        const page = await engine().call('feed.comments', { path, before });
        const older = page.items.toReversed();
        setComments((shown) => (before === undefined ? older : [...older, ...shown]));
        setNext(page.next);
      } catch (caught) {
        setError(caught);
      }
      setLoading(false);
    },
    [path],
  );
  useEffect(() => void load(undefined), [load, post.commentCount]);
  return (
    <section className={styles['comments']} aria-label={text('news.comments.label')}>
      {error === undefined ? null : <p className={styles['quiet']}>{faultText(error, text)}</p>}
      {next === undefined ? null : (
        <Button kind="quiet" isDisabled={isLoading} onPress={() => void load(next)}>
          {text('news.comments.older')}
        </Button>
      )}
      {comments.map((comment) =>
        comment.kind === 'post' ? (
          <PostCard key={comment.path} post={comment} isComment onChanged={() => void load(undefined)} />
        ) : (
          <p key={comment.path} className={styles['quiet']}>
            {text('news.comment.gone')}
          </p>
        ),
      )}
      {written > 0 && !post.isOwn ? <p className={styles['quiet']}>{text('news.answer.sent', { name: post.author })}</p> : null}
      <Composer
        parent={path}
        onPosted={() => {
          setWritten(written + 1);
          void load(undefined);
          onChanged();
        }}
      />
    </section>
  );
}
