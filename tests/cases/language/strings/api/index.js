export default () => [
  'abc'.at(-1), 'a-b-c'.replaceAll('-', '+'), 'x'.padStart(3, 'ab'), ' a '.trimEnd() + '|', 'abc'.includes('b'), 'ß'.toUpperCase(), 'İ'.toLowerCase().length,
  'a\u0301'.normalize('NFC').length, 'a,b,,c'.split(','), 'abc'.split(''), 'a1b2'.split(/\d/), 'aXbX'.replace(/x/gi, (m, at) => at), 'ab'.repeat(2), '😀'.codePointAt(0), String.fromCodePoint(128512), 'abc'.localeCompare('abd'),
  '\ud800'.isWellFormed(), 'a\ud800'.toWellFormed().charCodeAt(1), `a${1 + 1}b`, String.raw`a\n${1}`, 'abcabc'.lastIndexOf('b'), 'abc'.substring(2, 0), 'abc'.substr(-2, 1), 'abc'.slice(-2), ((s, ...v) => s.raw.length + v.length)`a${1}b${2}c`,
  'x'.concat(1, null), 'b' > 'a', '10' < '9', 'abc'.search(/c/), 'A'.charCodeAt(), [...'noël'].length, 'a\tb'.length, 'abc'.startsWith('b', 1), 'äb'.endsWith('b'),
]
