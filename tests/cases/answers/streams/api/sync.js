export default () => ({ body: (function* () { yield 'x'; yield 'y' })() })
