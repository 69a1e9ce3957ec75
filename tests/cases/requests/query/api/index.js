export default (req) => ({ query: req.query, all: new URL(req.url).searchParams.getAll('b') })
