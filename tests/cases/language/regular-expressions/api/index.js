export default () => {
  const date = /(?<y>\d{4})-(?<m>\d\d)/.exec('on 2024-02')
  const sticky = /a/y; sticky.lastIndex = 1
  return [
    { ...date.groups }, date.index, '2024-02'.replace(/(?<y>\d+)-(?<m>\d+)/, '$<m>/$<y>'), '$5 6'.match(/(?<=\$)\d/)[0], 'a1'.match(/(?<!b)\d/)[0], [...'a1b2'.matchAll(/([a-z])(\d)/g)].map((m) => m[1] + m[2]),
    /\p{Lu}/u.test('Ä'), /^.$/u.test('😀'), /^.$/.test('😀'), /a.b/s.test('a\nb'), /^b/m.test('a\nb'), sticky.test('ba'), /[\p{L}--[a-z]]/v.test('a'), /(?<x>a)\k<x>/.test('aa'), /(?i:A)b/.test('ab'), RegExp.escape('a.b'), /a/dgimsuy.flags,
    /(?:(?<n>a)|(?<n>b))/.exec('b').groups.n, 'x'.replace(/x/, '[$&$`$\']'), /(a)|(b)/.exec('b'), /\bword\b/.test('a word.'), 'aaa'.match(/a{2,}?/)[0], new RegExp('/').source, /a(?=b)/.test('ab'), /\u{1f600}/u.test('😀'), 'aBc'.replace(/b/i, (m) => m.toLowerCase()), /(\d+)\s\1/.test('42 42'), /a/d.exec('ba').indices[0],
  ]
}
