const { ds } = fazt.app
export default () => {
  const id = ds.insert('people', { name: 'Ann', age: 30, home: { town: 'Ulm' }, tags: ['a', 'b'] })
  const ids = ds.insertMany('people', [{ id: 'bob', name: 'Bob', age: 20 }, { id: 'cid', name: 'Cid', age: 40, tags: ['b'] }])
  const names = (query, more) => ds.find('people', query, { sort: 'name', ...more }).map((one) => one.name)
  return [
    typeof id, ids, ds.findOne('people', 'bob').age, ds.findOne('people', 'none') === undefined, names({ age: { $gt: 20 } }), names({ 'home.town': 'Ulm' }), names({ tags: { $contains: 'b' } }), names({ $or: [{ name: 'Bob' }, { age: { $gte: 40 } }] }),
    names({ age: { $in: [20, 30] } }), names({ age: { $nin: [20, 30] } }), names({ name: { $regex: '^[AB]' } }), names({ tags: { $exists: false } }), names({ $not: { name: 'Ann' } }), names({ age: { $ne: 20, $lt: 40 } }), names({ $and: [{ age: { $lte: 40 } }, { name: { $eq: 'Cid' } }] }), names({}, { sort: '-age', limit: 2 }),
    ds.count('people'), ds.count('people', { age: 20 }), ds.distinct('people', 'age'), ds.find('people', { id: 'bob' }, { fields: ['name'] }), ds.find('none').length,
  ]
}
