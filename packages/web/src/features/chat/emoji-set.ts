/** Groups of emojis, in the order in which they are shown; what is a part of other emojis only is in none of them. */
export const EMOJI_GROUPS = ['smileys', 'people', 'nature', 'food', 'travel', 'activities', 'objects', 'symbols', 'flags'] as const;

/** One of {@link EMOJI_GROUPS}. */
export type EmojiGroup = (typeof EMOJI_GROUPS)[number];

/** An emoji, without skin tone. */
export interface Emoji {
  readonly character: string;
  /** What it shows, in the language of its set. */
  readonly name: string;
  /** The words of its name, folded as {@link foldWords} does. */
  readonly nameWords: readonly string[];
  /** The words it is found by besides, folded. */
  readonly tagWords: readonly string[];
  readonly group: EmojiGroup;
}

/** What the data says of an emoji. */
interface Listed {
  readonly unicode: string;
  readonly label: string;
  readonly tags?: readonly string[];
  readonly group?: number;
}

/** The groups by their numbers in the data; number 2 are skin tones and hair. */
const groupOf: ReadonlyMap<number | undefined, EmojiGroup> = new Map(EMOJI_GROUPS.map((group, i) => [i < 2 ? i : i + 1, group] as const));

/** A set is fetched when somebody opens the picker in its language. */
const loaders: ReadonlyMap<string, () => Promise<{ readonly default: readonly Listed[] }>> = new Map([
  ['en', async () => import('emojibase-data/en/compact.json')],
  ['de', async () => import('emojibase-data/de/compact.json')],
  ['es', async () => import('emojibase-data/es/compact.json')],
  ['fr', async () => import('emojibase-data/fr/compact.json')],
]);
const loaded = new Map<string, Promise<readonly Emoji[]>>();

/** All emojis with their names in a language of the app. Rejects when the page cannot fetch them; the next call tries again. */
export async function loadEmojis(language: string): Promise<readonly Emoji[]> {
  const known = loaded.get(language);
  if (known !== undefined) return known;
  const load = loaders.get(language) ?? loaders.get('en');
  const loading = (load?.() ?? Promise.resolve({ default: [] })).then(({ default: listed }) => listed.flatMap(emojiOf));
  loaded.set(language, loading);
  loading.catch(() => loaded.delete(language));
  return loading;
}

/** The words of a text, small and without accents, so that those match who do not type them. */
export function foldWords(text: string): readonly string[] {
  return text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

function emojiOf({ unicode, label, tags = [], group }: Listed): readonly Emoji[] {
  const named = groupOf.get(group);
  if (named === undefined) return [];
  return [{ character: unicode, name: label, nameWords: foldWords(label), tagWords: tags.flatMap(foldWords), group: named }];
}
