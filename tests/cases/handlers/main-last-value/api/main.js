const name = request.query.name || 'nobody'
const answer = { hello: name, body: request.body }
answer
