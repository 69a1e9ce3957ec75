export default () => { throw { get message() { throw 1 }, get stack() { throw 2 }, get name() { throw 3 }, toString() { throw 4 } } }
