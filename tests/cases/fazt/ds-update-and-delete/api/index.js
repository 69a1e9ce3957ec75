const { ds } = fazt.app
export default () => {
  ds.insertMany('t', [{ id: 'a', n: 1, list: [1, 2], gone: 1 }, { id: 'b', n: 1 }])
  return [
    ds.update('t', { n: 1 }, { $inc: { n: 2 }, $set: { 'deep.er': 'x' } }), ds.update('t', 'a', { $push: { list: 3 }, $unset: { gone: 1 } }), ds.update('t', 'a', { $pull: { list: 1 } }), ds.update('t', 'a', { bare: true }), ds.findOne('t', 'a'),
    ds.replace('t', 'b', { whole: 1 }), ds.replace('t', 'new', { n: 0 }), ds.findOne('t', 'b'), ds.delete('t', 'a'), ds.delete('t', { n: 99 }), ds.count('t'), ds.delete('t', {}), ds.count('t'),
  ]
}
