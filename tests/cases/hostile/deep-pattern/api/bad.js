export default () => { try { new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('a'); return 'done' } catch (e) { return e.name } }
