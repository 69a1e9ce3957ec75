export default () => { let sum = 0; for (let n = 0; n < 300; n++) sum += new Uint8Array(1 << 20).length >> 20; return String(sum) }
