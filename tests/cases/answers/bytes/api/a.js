export default () => new Uint8Array([0, 255, 128])
