export default () => new DataView(new ArrayBuffer(2))
