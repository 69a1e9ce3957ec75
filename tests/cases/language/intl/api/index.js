export default () => [
  new Intl.NumberFormat('de').format(1234567.891), new Intl.NumberFormat('en', { minimumFractionDigits: 2 }).format(5), (1234.5).toLocaleString('en'), new Intl.PluralRules('en').select(1), new Intl.PluralRules('en', { type: 'ordinal' }).select(2), new Intl.ListFormat('en', { type: 'conjunction' }).format(['a', 'b', 'c']),
  ['z', 'ä', 'a'].sort(new Intl.Collator('de').compare), ['a10', 'a2'].sort(new Intl.Collator('en', { numeric: true }).compare), [...new Intl.Segmenter('en', { granularity: 'word' }).segment('hi there')].filter((s) => s.isWordLike).map((s) => s.segment), [...new Intl.Segmenter().segment('👨‍👩‍👧é')].length,
  new Intl.Locale('de-AT').language, Intl.getCanonicalLocales('EN-us'), 'I'.toLocaleLowerCase('tr'),
]
