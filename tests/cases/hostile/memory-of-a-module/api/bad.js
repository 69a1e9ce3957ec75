const held = []
export default () => { held.push(new Uint8Array(20 << 20)); return held.length }
