export default async ({ method, query: { a = 'none' }, headers: { host }, params, body }) =>
  [method, a, host.split(':')[0], params, body ?? null]
