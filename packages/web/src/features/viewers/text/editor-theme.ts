import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** The look of the app, with its tokens. */
const theme = EditorView.theme({
  '&': { flex: '1', minHeight: '0', backgroundColor: 'var(--card)', color: 'var(--ink)', fontSize: '0.9375rem' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '0.5rem 0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--quiet)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in oklab, var(--accent-soft), transparent 55%)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in oklab, var(--accent), transparent 70%)',
  },
  '.cm-searchMatch': { backgroundColor: 'color-mix(in oklab, var(--warn), transparent 65%)' },
  '.cm-searchMatch-selected': { outline: '1px solid var(--warn)' },
  '.cm-specialChar': { color: 'var(--danger)' },
  '.cm-panels': { backgroundColor: 'var(--sunken)', color: 'var(--ink)' },
  '.cm-panels-top': { borderBottom: '1px solid var(--line)' },
  '.cm-panel.cm-search': { padding: '0.375rem 2.5rem 0.375rem 0.5rem', fontFamily: 'var(--font)' },
  '.cm-panel.cm-search label': { fontSize: '0.875rem' },
  '.cm-panel.cm-search [name=close]': { fontSize: '1.25rem', padding: '0.25rem 0.5rem', cursor: 'pointer' },
  '.cm-textfield': {
    fontSize: '0.9375rem',
    backgroundColor: 'var(--card)',
    border: '1px solid var(--line-strong)',
    borderRadius: '0.375rem',
    padding: '0.25rem 0.5rem',
  },
  '.cm-textfield::placeholder': { color: 'var(--quiet)' },
  '.cm-button': {
    fontSize: '0.875rem',
    backgroundColor: 'var(--card)',
    backgroundImage: 'none',
    color: 'var(--ink)',
    border: '1px solid var(--line-strong)',
    borderRadius: '0.375rem',
    padding: '0.25rem 0.625rem',
  },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'light-dark(#7a2a8c, #d9a5ea)' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: 'light-dark(#1f6a2d, #9bd6a2)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'light-dark(#8a4a00, #f0bd7a)' },
  { tag: [tags.comment, tags.meta, tags.processingInstruction], color: 'var(--quiet)', fontStyle: 'italic' },
  { tag: [tags.definition(tags.variableName), tags.function(tags.variableName), tags.labelName], color: 'light-dark(#0b4f8a, #9cc9f5)' },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName], color: 'light-dark(#0b5c6b, #7fd0de)' },
  { tag: [tags.propertyName, tags.attributeName], color: 'light-dark(#6a4b00, #e5cd8b)' },
  { tag: tags.heading, fontWeight: '700', color: 'var(--accent)' },
  { tag: tags.strong, fontWeight: '700' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: [tags.link, tags.url], color: 'var(--accent)', textDecoration: 'underline' },
  { tag: tags.invalid, color: 'var(--danger)' },
]);

/** How the editor looks, light and dark. */
export const editorTheme: Extension = [theme, syntaxHighlighting(colours)];
