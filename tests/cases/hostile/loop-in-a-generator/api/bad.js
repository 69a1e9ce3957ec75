export default () => ({ body: (function* () { while (true) {} })() })
