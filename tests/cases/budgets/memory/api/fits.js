export default () => { const held = []; for (let n = 0; n < 30; n++) held.push(new Uint8Array(1 << 20)); return String(held.length) }
