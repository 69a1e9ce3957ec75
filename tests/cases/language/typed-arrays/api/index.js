export default () => {
  const buffer = new ArrayBuffer(8, { maxByteLength: 16 })
  const view = new DataView(buffer); view.setInt16(0, -2); view.setFloat32(4, 1.5, true)
  const tracked = new Uint8Array(buffer); buffer.resize(12)
  return [
    [...new Uint8ClampedArray([300, -5, 1.5])], view.getInt16(0), view.getUint8(1), view.getFloat32(4, true), tracked.length, [...Uint8Array.from([1, 2, 3]).subarray(1)], [...new Int32Array([3, 1, 2]).toSorted()], new Float16Array([1.5])[0], new BigInt64Array([5n])[0] === 5n,
    Uint8Array.of(1, 2).buffer.slice(1).byteLength, [...new Uint16Array(new Uint8Array([1, 0, 2, 0]).buffer)], new Uint8Array([1, 2, 3]).indexOf(2), [...new Uint8Array(3).fill(7, 1)], new Uint8Array([5, 6]).join('-'), ArrayBuffer.isView(view), Object.prototype.toString.call(new Uint8Array()),
  ]
}
