import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { type ReactNode, useEffect, useRef } from 'react';
import { useText } from '../../../i18n/text.js';
import styles from '../viewers.module.css';
import { editorTheme } from './editor-theme.js';
import { languageOf } from './languages.js';
import type { TextDocument } from './text-document.js';

/** The editor's own words, and the ids of our texts for them. */
const PHRASES = [
  ['Find', 'editor.find'],
  ['Replace', 'editor.replaceWith'],
  ['next', 'editor.next'],
  ['previous', 'editor.previous'],
  ['all', 'editor.all'],
  ['match case', 'editor.case'],
  ['regexp', 'editor.regexp'],
  ['by word', 'editor.word'],
  ['replace', 'editor.replace'],
  ['replace all', 'editor.replaceAll'],
  ['close', 'action.close'],
  ['Go to line', 'editor.line'],
  ['go', 'editor.go'],
  ['Control character', 'editor.control'],
] as const;

/** A way to what is in the editor now, for whoever shows it. */
export interface EditorContent {
  /** The text as it is stored. */
  read(): string;
  /** Puts the cursor into it. */
  focus(): void;
}

/**
 * An editor for text and code. It lives in a shadow root: there it may have styles of its own, which the policy of the page forbids elsewhere. Tab goes to the next
 * element as everywhere; Ctrl+S saves, Ctrl+F finds, Escape leaves the text.
 */
export function TextEditor({
  label,
  fileName,
  document: initial,
  isReadOnly,
  takesFocus = false,
  onReady,
  onEdit,
  onSave,
  onLeave,
}: {
  readonly label: string;
  readonly fileName: string;
  /** What it begins with; another one later changes nothing. */
  readonly document: TextDocument;
  readonly isReadOnly: boolean;
  /** Whether it is ready to be written in as soon as it is there. */
  readonly takesFocus?: boolean;
  readonly onReady: (content: EditorContent) => void;
  /** The text has changed. */
  readonly onEdit: () => void;
  readonly onSave: () => void;
  /** Escape, with nothing left in the editor that it ends: the keys belong to what is around it again. */
  readonly onLeave: () => void;
}): ReactNode {
  const text = useText();
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef({ onReady, onEdit, onSave, onLeave, text, label, initial, isReadOnly, takesFocus });
  latest.current = { onReady, onEdit, onSave, onLeave, text, label, initial, isReadOnly, takesFocus };

  useEffect(() => {
    const { current: element } = host;
    if (element === null) return undefined;
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open', delegatesFocus: true });
    const language = new Compartment();
    const begin = latest.current;
    const view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: begin.initial.text,
        extensions: [
          EditorState.lineSeparator.of(begin.initial.lineSeparator),
          EditorState.readOnly.of(begin.isReadOnly),
          EditorState.phrases.of(Object.fromEntries(PHRASES.map(([phrase, id]) => [phrase, begin.text(id)]))),
          EditorView.contentAttributes.of({ 'aria-label': begin.label }),
          EditorView.lineWrapping,
          lineNumbers(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          highlightSpecialChars(),
          highlightSelectionMatches(),
          history(),
          drawSelection(),
          indentOnInput(),
          indentUnit.of('  '),
          bracketMatching(),
          search({ top: true }),
          editorTheme,
          language.of([]),
          keymap.of([
            {
              key: 'Mod-s',
              preventDefault: true,
              run: () => {
                latest.current.onSave();
                return true;
              },
            },
            ...searchKeymap,
            ...historyKeymap,
            ...defaultKeymap,
            {
              key: 'Escape',
              run: () => {
                latest.current.onLeave();
                return true;
              },
            },
          ]),
          EditorView.updateListener.of(({ docChanged }) => {
            if (docChanged) latest.current.onEdit();
          }),
        ],
      }),
    });
    if (begin.takesFocus) view.focus();
    begin.onReady({
      read: () => view.state.sliceDoc(),
      focus: () => {
        view.focus();
      },
    });
    void languageOf(fileName).then((extension) => {
      view.dispatch({ effects: language.reconfigure(extension) });
    });
    return () => {
      view.destroy();
    };
  }, [fileName]);
  return <div ref={host} className={styles['editor']} />;
}
