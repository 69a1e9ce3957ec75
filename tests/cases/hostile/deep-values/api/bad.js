export default (req) => {
  let deep = []
  for (let n = 0; n < 200000; n++) deep = [deep]
  const ways = { json: () => JSON.stringify(deep), flat: () => deep.flat(Infinity), text: () => String(deep), clone: () => structuredClone(deep), log: () => console.log(deep) }
  try { ways[req.query.way ?? 'json'](); return 'done' } catch (e) { return e.name }
}
