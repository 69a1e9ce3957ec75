export default (req) => ({
  method: req.method, path: req.path, params: req.params,
  url: req.url.replace(/:\d+\//, '/'), id: typeof req.id, long: req.id.length > 3,
  app: req.app.name, version: req.app.version, user: req.user,
})
