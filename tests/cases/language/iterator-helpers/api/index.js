export default () => {
  const a = new Set([1, 2, 3]), b = new Set([2, 3, 4])
  return [
    [1, 2, 3, 4].values().filter((x) => x % 2).map((x) => x * 10).toArray(), Iterator.from({ next() { return { done: true } } }).toArray(), [1, 2, 3].values().drop(1).reduce((x, y) => x + y),
    [...a.union(b)], [...a.intersection(b)], [...a.difference(b)], [...a.symmetricDifference(b)], a.isSubsetOf(b), new Set([2]).isSubsetOf(a), a.isDisjointFrom(new Set([9])), [...[1, 2].values().flatMap((x) => [x, x])], [1, 2].values().some((x) => x > 1), [1, 2, 3].values().find((x) => x > 1),
  ]
}
