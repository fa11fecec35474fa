/** A number as people write it, by the language of the interface. */
export function number(value: number, language: string): string {
  return new Intl.NumberFormat(language).format(value);
}
