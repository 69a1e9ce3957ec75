export default (req) => {
  console.log(req)
  const shown = JSON.parse(JSON.stringify(req))
  return [shown.method, shown.path, shown.query, typeof shown.headers]
}
