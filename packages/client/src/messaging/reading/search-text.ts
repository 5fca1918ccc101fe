/** What people leave out when they type: accents, and the points of Hebrew and Arabic. */
const MARKS = /(?=\p{Mn})[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}]/gu;

/** A text as it is searched: without capitals, accents, and different ways to write the same characters or spaces. */
export function foldText(text: string): string {
  // In capitals first: some letters have two small forms, or are two letters in capitals.
  return text.normalize('NFKD').replaceAll(MARKS, '').toUpperCase().toLowerCase().replaceAll('ς', 'σ').replaceAll(/\s+/gu, ' ');
}
