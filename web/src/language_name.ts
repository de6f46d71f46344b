// What a language is called, for labels.

/** In English, as the page is; a tag that the browser does not know stays as it is. */
export function languageName(tag: string): string {
  if (tag === '') return '';
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag; // no tag of a language
  }
}
