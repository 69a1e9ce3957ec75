async function* made() { yield 'a'; yield new Uint8Array([98]); yield 'c' }
export default () => ({ status: 201, headers: { 'content-type': 'text/x' }, body: made() })
