import _, { chunk, debounce, groupBy, template } from 'lodash-es'
export default () => [
  chunk([1, 2, 3, 4, 5], 2), groupBy(['ax', 'b', 'ay'], (x) => x[0]), _.kebabCase('Some Words here'),
  _.get({ a: [{ b: 3 }] }, 'a[0].b'), _.merge({ a: { b: 1 } }, { a: { c: 2 } }), _.uniq([1, 1, 2]),
  _.sortBy([{ n: 2 }, { n: 1 }], 'n'), _.isEqual({ a: [1] }, { a: [1] }), _.cloneDeep({ d: [new Date(0)] }),
  template('hi <%= name %>')({ name: 'you' }), typeof debounce(() => {}), _([1, 2, 3]).map((n) => n * 2).value(),
]
