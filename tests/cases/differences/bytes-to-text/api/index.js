export default () => [typeof Uint8Array.prototype.toBase64, typeof Uint8Array.fromBase64, typeof Uint8Array.prototype.toHex, btoa(String.fromCharCode(...new Uint8Array([1, 2])))]
