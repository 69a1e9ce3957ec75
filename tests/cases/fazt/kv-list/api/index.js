const { kv } = fazt.app
export default () => {
  for (const n of [3, 1, 2, 5, 4]) kv.set(`p:${n}`, n)
  kv.set('q', 'other')
  const pages = []
  let cursor
  do { const page = kv.list('p:', { limit: 2, cursor }); pages.push(page.map(({ key, value }) => key + '=' + value)); cursor = page.cursor } while (cursor)
  return [pages, kv.list('none').length, kv.list().length]
}
