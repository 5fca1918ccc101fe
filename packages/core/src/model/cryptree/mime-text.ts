/** Types by the end of the name, when the text also starts in one of some ways. */
const BY_SUFFIX: readonly (readonly [suffix: string, type: string, ...starts: readonly string[]])[] = [
  ['.ics', 'text/calendar', 'BEGIN:VCALENDAR'],
  ['.vcf', 'text/vcard', 'BEGIN:VCARD'],
  ['.html', 'text/html'],
  ['.css', 'text/css'],
  ['.js', 'text/javascript'],
  ['.svg', 'image/svg+xml', '<?xml', '<svg '],
  ['.json', 'application/json'],
];

const CRYPTOMATOR = 'application/vnd.cryptomator.encrypted';

/** Types by what follows the last dot of the name. That of excalidraw is what all implementations write. */
const BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ['md', 'text/md'],
  ['csv', 'text/csv'],
  ['edn', 'text/x-clojure'],
  ['excalidraw', 'text/application/vnd.excalidraw+json'],
  ['xml', 'text/xml'],
  ['asp', 'text/asp'],
  ['rt', 'text/richtext'],
  ['rtf', 'text/rtf'],
  ['rtx', 'text/richtext'],
  ['java', 'text/x-java-source'],
  ['mjs', 'text/javascript'],
  ['gv', 'text/vnd.graphviz'],
  ['f', 'text/x-fortran'],
  ['s', 'text/x-asm'],
  ['p', 'text/x-pascal'],
  ['yaml', 'text/yaml'],
  ['c', 'text/x-c'],
  ['c9r', CRYPTOMATOR],
  ['c9s', CRYPTOMATOR],
  ['bkup', CRYPTOMATOR],
  ['cryptomator', CRYPTOMATOR],
]);

/** The type of a file that starts with text (chapter 04 section 18.1). */
export function textMimeType(head: Uint8Array, name: string): string {
  // What is looked for is ASCII, so one character for every byte will do.
  const text = String.fromCharCode(...head);
  for (const [suffix, type, ...starts] of BY_SUFFIX) {
    if (name.endsWith(suffix) && (starts.length === 0 || starts.some((start) => text.startsWith(start)))) return type;
  }
  const byExtension = BY_EXTENSION.get(name.slice(name.lastIndexOf('.') + 1));
  if (byExtension !== undefined) return byExtension;
  const lower = text.toLowerCase();
  return lower.includes('html>') || lower.includes('<html') ? 'text/html' : 'text/plain';
}
