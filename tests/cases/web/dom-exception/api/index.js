export default () => {
  const e = new DOMException('what', 'AbortError')
  return [e.name, e.message, e instanceof Error, String(e)]
}
