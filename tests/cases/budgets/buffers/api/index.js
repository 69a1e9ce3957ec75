export default () => { let thrown; try { new ArrayBuffer((32 << 20) + 1) } catch (e) { thrown = e.name } return [new ArrayBuffer(32 << 20).byteLength, thrown] }
