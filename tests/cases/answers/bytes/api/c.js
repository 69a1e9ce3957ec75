export default () => new Uint8Array([9]).buffer
