export default () => { try { eval('('.repeat(1e5) + '1' + ')'.repeat(1e5)); return 'done' } catch (e) { return e.name } }
