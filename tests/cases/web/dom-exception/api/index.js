export default () => {
  const e = new DOMException('what', 'AbortError')
  return [e.name, e.message, e.code, e instanceof Error, DOMException.ABORT_ERR, String(e)]
}
