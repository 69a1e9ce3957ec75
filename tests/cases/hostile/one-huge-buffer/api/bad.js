export default () => new Uint8Array(1.5e9)
