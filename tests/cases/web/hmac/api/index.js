const text = (s) => new TextEncoder().encode(s)
const hex = (buffer) => [...new Uint8Array(buffer)].map((n) => n.toString(16).padStart(2, '0')).join('')
export default async () => {
  const key = await crypto.subtle.importKey('raw', text('key'), { name: 'HMAC', hash: 'SHA-256' }, true, ['sign', 'verify'])
  const signed = await crypto.subtle.sign('HMAC', key, text('message'))
  const jwk = await crypto.subtle.exportKey('jwk', key)
  const locked = await crypto.subtle.importKey('raw', text('key'), { name: 'HMAC', hash: 'SHA-512' }, false, ['verify'])
  const made = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-1' }, true, ['sign'])
  return [
    hex(signed), await crypto.subtle.verify('HMAC', key, signed, text('message')), await crypto.subtle.verify('HMAC', key, signed, text('other')), jwk.k,
    await crypto.subtle.exportKey('raw', locked).catch((e) => e.name), await crypto.subtle.sign('HMAC', locked, text('x')).catch((e) => e.name), key instanceof CryptoKey, made.type,
  ]
}
