export default (req) => {
  let deep = {}
  for (let n = 0; n < 50000; n++) deep = { deep }
  try { req.query.log ? console.log(deep) : structuredClone(deep); return 'done' } catch (e) { return e.name }
}
