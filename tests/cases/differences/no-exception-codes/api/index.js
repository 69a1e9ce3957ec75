export default () => { const e = new DOMException('x', 'AbortError'); return [e.name, typeof e.code, typeof DOMException.ABORT_ERR] }
