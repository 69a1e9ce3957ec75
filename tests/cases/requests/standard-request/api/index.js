export default async (req) => {
  const copy = req.clone()
  const moved = new Request('https://example.com/x', req)
  return {
    is: req instanceof Request, tag: Object.prototype.toString.call(req),
    url: new URL(req.url).searchParams.get('q'), header: req.headers.get('x-a'), copy: await copy.text(),
    moved: [moved.method, moved.url, moved.headers.get('x-a')], blob: (await req.blob()).size,
    signal: req.signal instanceof AbortSignal,
  }
}
