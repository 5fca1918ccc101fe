// Makes HTML of Markdown, away from the page: a text that takes for ever is given up, and nothing stands still meanwhile. What comes out is not safe to show yet.
import { markdownToHtml } from './markdown-to-html.js';

/** The part of a worker's scope that is used here. */
interface Scope {
  addEventListener(type: 'message', listener: (event: MessageEvent<string>) => void): void;
  postMessage(html: string | undefined): void;
}
const scope = globalThis as unknown as Scope;

scope.addEventListener('message', ({ data }) => {
  scope.postMessage(markdownToHtml(data));
});
