export default ({ headers }) => ({
  plain: headers['x-some-thing'], get: headers.get('X-Some-Thing'), has: headers.has('x-other'),
  missing: [typeof headers['x-other'], headers.get('x-other')], agent: headers.cookie,
})
