export default () => { try { structuredClone(new RangeError('x')); return 'copied' } catch (e) { return e.name } }
