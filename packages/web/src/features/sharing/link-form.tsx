import { type FormEvent, type ReactNode, useState } from 'react';
import type { PasswordJudgement } from '../../engine/calls.js';
import type { LinkRow, LinkWishes, ShareAccess } from '../../engine/sharing-calls.js';
import { engine } from '../../engine/start-engine.js';
import { useText } from '../../i18n/text.js';
import { Button } from '../../ui/button.js';
import { Checkbox } from '../../ui/checkbox.js';
import { Choice } from '../../ui/choice.js';
import { PasswordField, TextField } from '../../ui/field.js';
import { PasswordStrength, passwordProblemText, usePasswordJudgement } from '../welcome/password-strength.js';
import { fromLocalTime, toLocalTime } from './local-time.js';
import styles from './sharing.module.css';
import { useWork } from './use-work.js';
import { WorkProgress } from './work-progress.js';

/** As the policy of links says; a judgement names the real one. */
const MIN_PASSWORD_LENGTH = 8;

/** Milliseconds that a link with an end lasts, unless somebody chooses. */
const WEEK = 604_800_000;

interface Problems {
  readonly password?: string;
  readonly expires?: string;
  readonly maxUses?: string;
}

/** Makes a secret link, or changes one: who has it may view or edit, a password, an end, and how often it can be opened. */
export function LinkForm({
  path,
  isFolder,
  link,
  onDone,
  onCancel,
}: {
  readonly path: string;
  readonly isFolder: boolean;
  /** The link that is changed; undefined for a new one. */
  readonly link: LinkRow | undefined;
  readonly onDone: (made: LinkRow) => void;
  readonly onCancel: (() => void) | undefined;
}): ReactNode {
  const text = useText();
  const work = useWork();
  const [access, setAccess] = useState<ShareAccess>('read');
  const [hasPassword, setHasPassword] = useState(link?.hasPassword ?? false);
  const [password, setPassword] = useState('');
  const [hasEnd, setHasEnd] = useState(link !== undefined && link.expires !== null);
  const [end, setEnd] = useState(() => toLocalTime(link?.expires ?? Date.now() + WEEK));
  const [hasMax, setHasMax] = useState(link !== undefined && link.maxUses !== null);
  const [max, setMax] = useState(String(link?.maxUses ?? 1));
  const [problems, setProblems] = useState<Problems>({});
  /** The password that the link has stays when nothing is typed. */
  const keepsPassword = link?.hasPassword === true && password === '';
  const judgement = usePasswordJudgement('', password, judge);

  const check = async (): Promise<Problems> => {
    const expires = fromLocalTime(end);
    const found: { -readonly [Field in keyof Problems]: Problems[Field] } = {};
    if (hasPassword && !keepsPassword) {
      const problem = password === '' ? text('field.required') : passwordProblemText(await judge('', password), text);
      if (problem !== undefined) found.password = problem;
    }
    const isAsBefore = link?.expires !== undefined && expires === fromLocalTime(toLocalTime(link.expires ?? 0));
    if (hasEnd && !isAsBefore && (expires === undefined || expires <= Date.now())) found.expires = text('links.end.past');
    if (hasMax && !/^[1-9]\d{0,8}$/u.test(max.trim())) found.maxUses = text('links.max.number');
    return found;
  };
  const save = async (): Promise<void> => {
    const found = await check();
    setProblems(found);
    if (Object.keys(found).length > 0) return;
    const expires = hasEnd ? (fromLocalTime(end) ?? null) : null;
    const isSameEnd = link !== undefined && toLocalTime(expires ?? 0) === toLocalTime(link.expires ?? 0);
    const wishes: LinkWishes = { password: hasPassword ? password : '', expires, maxUses: hasMax ? Number(max) : null };
    let made: LinkRow | undefined;
    await work.run(async (watch) => {
      made =
        link === undefined
          ? await engine().call('link.create', { path, isWritable: access === 'write', ...wishes }, watch)
          : await engine().call(
              'link.update',
              {
                path,
                label: link.label,
                maxUses: wishes.maxUses,
                ...(hasPassword && keepsPassword ? {} : { password: wishes.password }),
                // One that is over already stays as it is.
                ...(isSameEnd ? {} : { expires }),
              },
              { signal: watch.signal },
            );
    });
    if (made !== undefined) onDone(made);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!work.isWorking) void save();
  };
  return (
    <form className={styles['form']} onSubmit={submit} noValidate aria-label={text(link === undefined ? 'links.new' : 'links.edit')}>
      {link === undefined ? (
        <>
          <Choice
            label={text('links.access')}
            value={access}
            options={[
              { value: 'read', label: text('share.canView') },
              { value: 'write', label: text('share.canEdit') },
            ]}
            onChange={setAccess}
          />
          {access === 'read' ? null : (
            <p className={styles['quiet']}>{text(isFolder ? 'links.edit.folder.help' : 'links.edit.file.help')}</p>
          )}
        </>
      ) : null}
      <Checkbox isSelected={hasPassword} onChange={setHasPassword} help={text('links.password.help')}>
        {text('links.password')}
      </Checkbox>
      {hasPassword ? (
        <>
          <PasswordField
            label={text(link?.hasPassword === true ? 'links.password.new' : 'links.password.field')}
            autoComplete="new-password"
            value={password}
            onChange={setPassword}
            problem={judgement === undefined ? (password === '' ? problems.password : undefined) : passwordProblemText(judgement, text)}
            help={`${text('links.password.rules', { count: judgement?.minLength ?? MIN_PASSWORD_LENGTH })}${link?.hasPassword === true ? ` ${text('links.password.keep')}` : ''}`}
          />
          {password === '' ? null : <PasswordStrength judgement={judgement} />}
        </>
      ) : null}
      <Checkbox isSelected={hasEnd} onChange={setHasEnd}>
        {text('links.end')}
      </Checkbox>
      {hasEnd ? (
        <TextField label={text('links.end.field')} type="datetime-local" value={end} onChange={setEnd} problem={problems.expires} />
      ) : null}
      <Checkbox isSelected={hasMax} onChange={setHasMax} help={text('links.max.help')}>
        {text('links.max.box')}
      </Checkbox>
      {hasMax ? (
        <TextField
          label={text('links.max.field')}
          inputMode="numeric"
          autoComplete="off"
          value={max}
          onChange={setMax}
          problem={problems.maxUses}
        />
      ) : null}
      <WorkProgress work={work} />
      <div className={styles['row']}>
        <Button kind="primary" type="submit" isPending={work.isWorking}>
          {text(link === undefined ? 'links.make' : 'action.save')}
        </Button>
        {onCancel === undefined ? null : <Button onPress={onCancel}>{text('action.cancel')}</Button>}
      </div>
    </form>
  );
}

/** What a password for a link is worth; the engine knows whose link it is. */
async function judge(_username: string, password: string, signal?: AbortSignal): Promise<PasswordJudgement> {
  return engine().call('link.judge', { password }, signal === undefined ? {} : { signal });
}
