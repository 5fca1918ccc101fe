/** What only viewers need, and the lists of emojis: loaded when a file or the choice of emojis is opened, not before. */
const LATE_CODE =
  /\/features\/viewers\/(?:text|markdown|pdf)\/|\/node_modules\/(?:@codemirror|@lezer|@marijn|crelt|style-mod|w3c-keyname|marked|dompurify|pdfjs-dist|emojibase-data)\//u;

/** Where a piece of the app goes: what is loaded on demand into a folder of its own, which the service worker does not keep in advance. */
export function chunkFileName({ moduleIds }: { readonly moduleIds: readonly string[] }): string {
  return moduleIds.some((id) => LATE_CODE.test(id)) ? 'assets/on-demand/[name]-[hash].js' : 'assets/[name]-[hash].js';
}

/** As {@link chunkFileName}, for styles and other files. */
export function assetFileName({ names }: { readonly names: readonly string[] }): string {
  return names.some((name) => /^(?:text-view|markdown-view|pdf-view|pdf\.worker)\b/u.test(name))
    ? 'assets/on-demand/[name]-[hash][extname]'
    : 'assets/[name]-[hash][extname]';
}

/** As {@link chunkFileName}, for workers. The engine has a folder of its own, so that the service worker of the page is not that of the engine. */
export function workerFileName({ name }: { readonly name: string }): string {
  if (name.startsWith('engine')) return 'engine/[name]-[hash].js';
  return `assets/${name.startsWith('markdown') ? 'on-demand/' : ''}[name]-[hash].js`;
}
