export default () => new Uint8Array(11 << 20)
