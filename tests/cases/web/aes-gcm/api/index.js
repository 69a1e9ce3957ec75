const text = (s) => new TextEncoder().encode(s)
export default async () => {
  const out = []
  for (const length of [128, 256]) {
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length }, true, ['encrypt', 'decrypt'])
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: text('more') }, key, text('secret'))
    const opened = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: text('more') }, key, sealed)
    const changed = new Uint8Array(sealed); changed[0] ^= 1
    out.push(sealed.byteLength, new TextDecoder().decode(opened), await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: text('more') }, key, changed).catch((e) => e.name), await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed).catch((e) => e.name))
  }
  const zero = await crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['encrypt'])
  const known = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, zero, new Uint8Array(16))
  return [...out, btoa(String.fromCharCode(...new Uint8Array(known)))]
}
