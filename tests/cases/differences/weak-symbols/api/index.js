export default () => { try { new WeakMap().set(Symbol('s'), 1); return 'set' } catch (e) { return e.name } }
