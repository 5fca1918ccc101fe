import type { Extension } from '@codemirror/state';
import { extensionOf } from '../viewer-kind.js';

type Loader = () => Promise<Extension>;

const javascript =
  (options: { readonly jsx?: boolean; readonly typescript?: boolean } = {}): Loader =>
  async () =>
    (await import('@codemirror/lang-javascript')).javascript(options);
const json: Loader = async () => (await import('@codemirror/lang-json')).json();
const html: Loader = async () => (await import('@codemirror/lang-html')).html();
const css: Loader = async () => (await import('@codemirror/lang-css')).css();
const python: Loader = async () => (await import('@codemirror/lang-python')).python();
const markdown: Loader = async () => (await import('@codemirror/lang-markdown')).markdown();

const loaders: ReadonlyMap<string, Loader> = new Map([
  ['js', javascript({ jsx: true })],
  ['mjs', javascript({ jsx: true })],
  ['cjs', javascript({ jsx: true })],
  ['jsx', javascript({ jsx: true })],
  ['ts', javascript({ typescript: true })],
  ['mts', javascript({ typescript: true })],
  ['cts', javascript({ typescript: true })],
  ['tsx', javascript({ jsx: true, typescript: true })],
  ['json', json],
  ['jsonl', json],
  ['html', html],
  ['htm', html],
  ['vue', html],
  ['svelte', html],
  ['css', css],
  ['scss', css],
  ['less', css],
  ['py', python],
  ['pyi', python],
  ['md', markdown],
  ['markdown', markdown],
  ['mdown', markdown],
  ['mkd', markdown],
]);

/** What knows the language of a file of this name; nothing for plain text. Each is loaded when it is needed first. */
export async function languageOf(name: string): Promise<Extension> {
  return (await loaders.get(extensionOf(name))?.()) ?? [];
}
