if (request.path === '/api/teapot') {
  respond(418, { short: true }, { 'x-kind': 'pot' })
} else if (request.path === '/api/text') {
  respond('plain')
} else {
  respond(200, `${request.method} ${request.path} ${request.query.a}`)
}
