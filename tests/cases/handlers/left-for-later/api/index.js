let seen = []
async function later(name) { await null; await null; seen.push(name + ' in ' + current) }
let current
export default (req) => {
  current = req.query.name ?? 'nobody'
  if (req.query.show) return seen
  later(current)
  setTimeout(() => seen.push('a timer'), 0)
  return 'ok'
}
