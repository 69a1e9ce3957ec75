interface Ignored {
  a: string
}

export default function (req: { query: Record<string, string> }): string {
  const note: string = req.query.a ?? 'none'
  return check(note)
}

function check(note: string): string {
  throw new RangeError(`no such ${note}`)
}
