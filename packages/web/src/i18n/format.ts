/** The languages of the browser, the ones that are wanted most first; none where there is no browser. */
function languagesOfBrowser(): readonly string[] {
  return typeof navigator === 'undefined' ? [] : navigator.languages;
}

/**
 * The tag by which numbers and times of a language are written: the first one of the browser that says a region of this language (`en-GB` for `en`), for people of one language
 * write times in several ways; without one the language itself. Texts and the order of names do not depend on it.
 */
export function regionalTag(language: string, tags: readonly string[] = languagesOfBrowser()): string {
  return tags.find((tag) => tag.toLowerCase().startsWith(`${language.toLowerCase()}-`)) ?? language;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** A size as people of a language write it, in steps of 1000 (as those units are defined): `1.2 MB`. */
export function formatSize(bytes: number, language: string): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return new Intl.NumberFormat(regionalTag(language), {
    style: 'unit',
    unit: UNITS[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: unit > 0 && value < 10 ? 1 : 0,
  }).format(value);
}

const dateFormats = new Map<string, Intl.DateTimeFormat>();

/** A point in time as people of a language write it, to the minute. */
export function formatTime(milliseconds: number, language: string): string {
  return formatOf(dateFormats, language, { dateStyle: 'medium', timeStyle: 'short' }).format(milliseconds);
}

const clockFormats = new Map<string, Intl.DateTimeFormat>();
const shortDayFormats = new Map<string, Intl.DateTimeFormat>();
const dayFormats = new Map<string, Intl.DateTimeFormat>();

/** The time of a day as people of a language write it, to the minute. */
export function formatClock(milliseconds: number, language: string): string {
  return formatOf(clockFormats, language, { timeStyle: 'short' }).format(milliseconds);
}

/** A day in few characters. */
export function formatDate(milliseconds: number, language: string): string {
  return formatOf(shortDayFormats, language, { dateStyle: 'short' }).format(milliseconds);
}

/** A day as people of a language write it. */
export function formatDay(milliseconds: number, language: string): string {
  return formatOf(dayFormats, language, { dateStyle: 'full' }).format(milliseconds);
}

function formatOf(formats: Map<string, Intl.DateTimeFormat>, language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const tag = regionalTag(language);
  const format = formats.get(tag) ?? new Intl.DateTimeFormat(tag, options);
  formats.set(tag, format);
  return format;
}

/** Names in a row, as people of a language write them: `ada, bob, and carl`. */
export function formatNames(names: readonly string[], language: string): string {
  return new Intl.ListFormat(language, { type: 'conjunction', style: 'narrow' }).format(names);
}

/** A length of time in its largest unit, as people say it: `3 minutes`. */
export function formatDuration(seconds: number, language: string): string {
  const [value, unit] = seconds < 60 ? [seconds, 'second'] : seconds < 3600 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour'];
  return new Intl.NumberFormat(regionalTag(language), { style: 'unit', unit, unitDisplay: 'long' }).format(Math.max(1, Math.ceil(value)));
}
