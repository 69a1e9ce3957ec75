const { ds } = fazt.app
const tries = {
  undef: () => ds.find('t', { owner: undefined }), deleteAll: () => ds.delete('t'), operator: () => ds.find('t', { a: { $where: '1' } }), same: () => ds.insert('t', { id: 'x' }), list: () => ds.insert('t', [1]), text: () => ds.insert('t', 'x'),
  coll: () => ds.insert('', {}), pattern: () => ds.find('t', { a: { $regex: '(' } }), inc: () => ds.update('t', 'x', { $inc: { id: 1 } }), sql: () => ds.find("t'; drop table apps; --", { "a'b": 1 }).length === 0 && (() => { throw Object.assign(new Error(), { code: 'EMPTY' }) })(),
}
export default () => { ds.insert('t', { id: 'x' }); return Object.entries(tries).map(([name, f]) => { try { f(); return name } catch (e) { return e instanceof Error && typeof e.code } }) }
