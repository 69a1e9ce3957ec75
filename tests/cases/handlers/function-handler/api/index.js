function handler(req) {
  return { status: 200, body: JSON.stringify({ ok: true, method: req.method }) }
}
