export default () => Response.json({ a: 1 }, { status: 201 })
