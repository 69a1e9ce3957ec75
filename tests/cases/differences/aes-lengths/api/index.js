export default () => Promise.all([
  crypto.subtle.importKey('raw', new Uint8Array(24), 'AES-GCM', false, ['encrypt']).then(() => 'ok', (e) => e.name),
  crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-CBC', false, ['encrypt']).then(() => 'ok', (e) => e.name),
  crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']).then(() => 'ok', (e) => e.name),
  crypto.subtle.deriveBits?.({ name: 'PBKDF2' }) ?? 'no deriveBits',
])
