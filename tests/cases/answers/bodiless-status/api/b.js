export default () => ({ status: 304, headers: { etag: '"a"' }, body: 'x' })
