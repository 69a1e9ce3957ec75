const held = []
export default () => { held.push(new Uint8Array(20 << 20).fill(1)); return held.length }
