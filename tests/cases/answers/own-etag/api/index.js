export default (req) => req.headers['if-none-match'] === '"v1"'
  ? { status: 304, headers: { etag: '"v1"' } }
  : { headers: { etag: '"v1"' }, body: 'whole' }
