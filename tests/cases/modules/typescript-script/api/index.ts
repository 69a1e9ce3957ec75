function handler(req: { query: { a?: string } }): string { const n: number = 1; return `${req.query.a}${n}` }
