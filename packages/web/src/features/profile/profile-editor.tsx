import { type ReactNode, useEffect, useRef, useState } from 'react';
import { faultText } from '../../app/fault-text.js';
import { engine } from '../../engine/start-engine.js';
import {
  type FieldAudience,
  PROFILE_TEXTS,
  type ProfileFieldName,
  type ProfileState,
  type ProfileTextName,
} from '../../engine/profile-calls.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { TextField } from '../../ui/field.js';
import { FileInput } from '../../ui/file-input.js';
import { Notice } from '../../ui/notice.js';
import { ProgressBar } from '../../ui/progress-bar.js';
import { showToast } from '../../ui/toasts.js';
import { forgetPhoto } from './photos.js';
import { type NewPhoto, PhotoDialog } from './photo-dialog.js';
import styles from './profile.module.css';

/** Longest texts, in UTF-16 code units. */
const LONGEST: Readonly<Record<ProfileTextName, number>> = { firstname: 25, lastname: 25, status: 50, bio: 200, phone: 20, email: 50 };

/** The keys that a phone offers for a field. */
const INPUT_MODES: { readonly [Name in ProfileTextName]?: { readonly inputMode: 'tel' | 'email' } } = {
  phone: { inputMode: 'tel' },
  email: { inputMode: 'email' },
};

interface Draft {
  readonly text: string;
  readonly audience: FieldAudience;
}

/** Changes the own profile: each field has an audience of its own. */
export function ProfileEditor({
  profile,
  audiences,
  onSaved,
  onClose,
}: {
  readonly profile: ProfileState;
  readonly audiences: ReadonlyMap<ProfileFieldName, FieldAudience>;
  readonly onSaved: () => void;
  readonly onClose: () => void;
}): ReactNode {
  const text = useText();
  const picker = useRef<HTMLInputElement>(null);
  const initial = (field: ProfileTextName): Draft => ({ text: profile.texts.get(field) ?? '', audience: audiences.get(field) ?? 'nobody' });
  const [drafts, setDrafts] = useState<ReadonlyMap<ProfileTextName, Draft>>(
    () => new Map(PROFILE_TEXTS.map((field) => [field, initial(field)])),
  );
  const [photoAudience, setPhotoAudience] = useState<FieldAudience>(audiences.get('photo') ?? 'nobody');
  const [chosen, setChosen] = useState<File | undefined>(undefined);
  /** What becomes of the picture: null for none any more, undefined for what it is. */
  const [photo, setPhoto] = useState<NewPhoto | null | undefined>(undefined);
  const [problem, setProblem] = useState<unknown>(undefined);
  const [saved, setSaved] = useState<number | undefined>(undefined);
  const isSaving = saved !== undefined;

  const save = async (): Promise<void> => {
    setProblem(undefined);
    setSaved(0);
    try {
      await savePhoto();
      let done = 0;
      for (const [field, draft] of drafts) {
        const before = initial(field);
        const audience = draft.text === '' ? 'nobody' : draft.audience;
        if (draft.text !== before.text || audience !== before.audience) {
          await engine().call('profile.save', { field, text: draft.text, audience });
        }
        setSaved(++done / drafts.size);
      }
      showToast({ kind: 'good', text: text('profile.saved') });
      onSaved();
    } catch (error) {
      setProblem(error);
    }
    setSaved(undefined);
  };
  /** The picture, and who sees it. */
  const savePhoto = async (): Promise<void> => {
    if (photo !== undefined) {
      await engine().call('profile.savePhoto', { photo: photo?.photo, original: photo?.original, audience: photoAudience });
      forgetPhoto(profile.username);
    } else if (profile.hasPhoto && photoAudience !== (audiences.get('photo') ?? 'nobody')) {
      await engine().call('profile.savePhotoAudience', { audience: photoAudience });
    }
  };
  const hasPhoto = photo === undefined ? profile.hasPhoto : photo !== null;

  return (
    <form
      className={styles['form']}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <p className={styles['quiet']}>{text('profile.help')}</p>
      {problem === undefined ? null : (
        <Notice kind="problem">
          <p>{faultText(problem, text)}</p>
        </Notice>
      )}
      <fieldset className={styles['entry']}>
        <legend>{text('profile.photo')}</legend>
        <FileInput
          ref={picker}
          label={text('profile.photo.choose')}
          kind="file"
          accept="image/*"
          onChoose={([file]) => {
            setChosen(file);
          }}
        />
        <div className={styles['row']}>
          <Button
            icon="image"
            onPress={() => {
              picker.current?.click();
            }}
          >
            {text('profile.photo.choose')}
          </Button>
          {hasPhoto ? (
            <Button
              onPress={() => {
                setPhoto(profile.hasPhoto ? null : undefined);
              }}
            >
              {text('profile.photo.remove')}
            </Button>
          ) : null}
          <AudienceChoice label={text('profile.photo')} value={photoAudience} isEmpty={!hasPhoto} onChange={setPhotoAudience} />
        </div>
        {photo === undefined ? null : <p role="status">{text(photo === null ? 'profile.photo.removed' : 'profile.photo.chosen')}</p>}
        {photo === undefined || photo === null ? null : <NewPicture photo={photo} />}
      </fieldset>
      {PROFILE_TEXTS.map((field) => {
        const draft = drafts.get(field) ?? initial(field);
        const change = (part: Partial<Draft>): void => {
          setDrafts(new Map([...drafts, [field, { ...draft, ...part }]]));
        };
        return (
          <div key={field} className={styles['entry']}>
            <TextField
              label={text(`profile.${field}`)}
              value={draft.text}
              maxLength={LONGEST[field]}
              lines={field === 'bio' ? 3 : 1}
              {...INPUT_MODES[field]}
              onChange={(value) => {
                change({ text: value });
              }}
            />
            <AudienceChoice
              label={text(`profile.${field}`)}
              value={draft.audience}
              isEmpty={draft.text === ''}
              onChange={(audience) => {
                change({ audience });
              }}
            />
          </div>
        );
      })}
      {isSaving ? <ProgressBar label={text('profile.saving')} value={saved} /> : null}
      <div className={styles['row']}>
        <Button kind="primary" type="submit" isDisabled={isSaving}>
          {text('action.save')}
        </Button>
        <Button isDisabled={isSaving} onPress={onClose}>
          {text('action.cancel')}
        </Button>
      </div>
      {chosen === undefined ? null : (
        <PhotoDialog
          file={chosen}
          onDone={(made) => {
            setChosen(undefined);
            if (made !== undefined) setPhoto(made);
          }}
        />
      )}
    </form>
  );
}

/** The picture as it will be. */
function NewPicture({ photo: { photo } }: { readonly photo: NewPhoto }): ReactNode {
  const text = useText();
  const [url, setUrl] = useState<string | undefined>(undefined);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([photo], { type: 'image/png' }));
    setUrl(made);
    return () => {
      URL.revokeObjectURL(made);
    };
  }, [photo]);
  return url === undefined ? null : <img className={styles['new']} src={url} alt={text('profile.photo.preview')} />;
}

/** Who sees a field: nobody, as long as there is nothing in it. */
function AudienceChoice({
  label,
  value,
  isEmpty,
  onChange,
}: {
  readonly label: string;
  readonly value: FieldAudience;
  readonly isEmpty: boolean;
  readonly onChange: (value: FieldAudience) => void;
}): ReactNode {
  const text = useText();
  const choices: readonly FieldAudience[] =
    value === 'chosen' ? ['nobody', 'friends', 'followers', 'chosen'] : ['nobody', 'friends', 'followers'];
  return (
    <label className={styles['audience']}>
      <span className={styles['quiet']}>{text('profile.audience', { field: label })}</span>
      <select
        value={isEmpty ? 'nobody' : value}
        disabled={isEmpty}
        onChange={({ currentTarget }) => {
          const chosen = choices.find((one) => one === currentTarget.value);
          if (chosen !== undefined) onChange(chosen);
        }}
      >
        {choices.map((one) => (
          <option key={one} value={one}>
            {text(`profile.audience.${one}`)}
          </option>
        ))}
      </select>
    </label>
  );
}
