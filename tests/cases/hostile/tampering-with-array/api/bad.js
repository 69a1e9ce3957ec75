export default () => { Array.prototype.map = Array.prototype.push = Array.prototype.join = Array.prototype[Symbol.iterator] = () => { throw new Error('evil') }; return 'done' }
