export default () => ({ body: (async function* () { for (let n = 0; n < 15; n++) yield new Uint8Array(1 << 20) })() })
