export default (req) => ({
  body: req.body,
  files: req.files.map(({ name, type, size, data }) => ({ name, type, size, data: [...data], bytes: data instanceof Uint8Array })),
})
