async function handler(req) {
  await null
  return { status: 201, headers: { 'x-made': 'yes' }, body: 'made' }
}
