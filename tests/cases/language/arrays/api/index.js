export default () => {
  const a = [3, 1, 2]
  const people = [{ n: 'b', a: 1 }, { n: 'a', a: 1 }, { n: 'c', a: 0 }]
  return [
    a.toSorted(), a.toReversed(), a.with(0, 9), a.toSpliced(1, 1), a, a.at(-1), a.findLast((x) => x > 1), a.findLastIndex((x) => x > 5), [1, [2, [3, [4]]]].flat(Infinity), [1, 2].flatMap((x) => [x, x]),
    people.toSorted((x, y) => x.a - y.a).map((p) => p.n), Object.groupBy(people, (p) => p.a), [...Map.groupBy(people, (p) => p.a > 0).keys()], Array.from({ length: 3 }, (_, i) => i * i), [1, 2, 3].reduceRight((s, x) => s + x, ''),
    [10, 9, 1].sort(), [undefined, 3, , 1].sort().length, [1, 2, 3, 4].copyWithin(0, 2), Array(3).fill(0), [NaN].includes(NaN), [NaN].indexOf(NaN), [3, 2].entries().next().value, [1, 2, 3].some((x) => x > 2), [].every(Boolean), [1, 2, 3].join('-'), Array.isArray([]), Array.of(7).length,
    [5, 1, 4].sort((x, y) => y - x), [, 1].hasOwnProperty(0), [1, 2, 3, 4, 5].splice(1, 2), [1, 2, 3].lastIndexOf(3), [[1, 2], [3, 4]].map(([x, y]) => x + y),
  ]
}
