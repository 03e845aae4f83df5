// How many of something, by the rules of a language: English has two forms, Arabic six.

/** `plural(3, {one: "1 item", other: "3 items"})`: what there is no form for is `other`. */
export function pluralOf(language) {
  const rules = new Intl.PluralRules(language);
  return (number, forms) => forms[rules.select(number)] ?? forms.other;
}
