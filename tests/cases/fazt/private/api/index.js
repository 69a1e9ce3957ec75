export default () => {
  const { private: files } = fazt
  const thrown = ['../api/index.js', '/etc/passwd', '..', 'none.txt'].map((path) => { try { return files.read(path) ?? 'none' } catch (e) { return 'none' } })
  return [files.readJSON('prices.json'), files.read('deep/note.txt'), [...files.readBytes('bin')], files.exists('prices.json'), files.exists('none'), files.list(), files.list('deep/'), thrown]
}
