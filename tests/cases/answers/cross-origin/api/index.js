const cors = { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, POST' }
export const OPTIONS = () => ({ status: 204, headers: cors })
export const GET = () => ({ headers: cors, body: 'x' })
