export default () => new Blob(['x', new Uint8Array([255])], { type: 'x/y' })
