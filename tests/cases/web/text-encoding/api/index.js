export default () => {
  const bytes = new TextEncoder().encode('aü€😀\ud800')
  const into = new Uint8Array(5)
  const done = new TextEncoder().encodeInto('aü€', into)
  let fatal
  try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])) } catch (e) { fatal = e.name }
  const parts = new TextDecoder()
  return [
    [...bytes], new TextDecoder().decode(bytes), done, [...into], fatal, new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 97, 255])),
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf])).length,
    parts.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + parts.decode(new Uint8Array([0xac])),
    new TextDecoder('latin1').decode(new Uint8Array([0xe4])), new TextDecoder('utf-16le').decode(new Uint8Array([97, 0])), new TextDecoder().encoding,
  ]
}
