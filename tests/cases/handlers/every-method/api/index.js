const say = (req) => ({ headers: { 'x-method': req.method }, body: req.method })
export { say as GET, say as POST, say as PUT, say as PATCH, say as DELETE, say as OPTIONS, say as HEAD }
