export default () => { Promise.prototype.then = Promise.resolve = () => { throw new Error('evil') }; globalThis.Promise = null; return 'done' }
