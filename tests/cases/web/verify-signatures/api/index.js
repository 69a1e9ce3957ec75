const bytes = (s) => Uint8Array.from(atob(s), (c) => c.charCodeAt(0))
const text = (s) => new TextEncoder().encode(s)
const RSA = 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoNGgadahCGWrokyhXbw2SZYnx35SimjQt/9h70L3VOymi4BiOqMpyq7sq61onuqrfLI7OMw4etTNEsS+vyQyYIoCevQ9VpxYkY6KFjTprDn6LLtJjwas379A26JVd/ouihLiD0PzBwMu8FO0ry/MyOyg/RKu8q3gbkOdnQX841sRF1U4EVFzHjArrF8Sl4S8NEfTeMtOcI2NeX93SvVst7sKtgaHzbbJ3uaozJTFQK9nZU2DpyrQYu2ewVduAWmCEBRR86fdcMWGbj9J5BwuWhLMyokIqzblz7Cy15JeDXr1clAVxxm+bjPq2EMJ+EwchKszb+vBnaqoDYxJtnOstwIDAQAB'
const RSA_SIGNATURE = 'TMaT/r5KO34j5J+bYl13JO1/3laTAInL+oSzeFa9UKx+QxgIJk01kjv7JezTHXGh8jY/epDn44ia+/SLHoSRBf9GtechL+wqJ6weocANBjIy1q6P3OwnmTrLKWAJaV3XyriBSb9g0bH9b5iCI8pDb2ZUTsJHm12q4hZ2gXermSeh0Ngmg1WBKOCw4IvzzUVBZlMn3b+dK+nyDY9qYPb2o3Ck3+YcIhu6VfSvd04UfChy0tAZDJz1Lp1eJeuZU954ydhAM2ywt97q18b5C8i2PrUY97Xy6Dn8yC7iTD3612oaQdDMAtcXCCQw+4oq9MNbH0Tq3AJRnURD6L0oygj40w=='
const EC = 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEns+Une+EsSVV9iX8Lo9SDdlRH8APeCO8niwDQFpCp9Mzp2AQSxhhruqeDgOgtjDdsPDQzAUXhMb9w49ID6npmg=='
const EC_SIGNATURE = 's4y33zN5H8IScMp2F+ZtaQTnUO/dDywVXv9qWk0tDr+Jbc8H1M051uujwTqCE0Vi8ETsma9yAGM6pHeXXleRBQ=='
export default async () => {
  const rsa = await crypto.subtle.importKey('spki', bytes(RSA), { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['verify'])
  const ec = await crypto.subtle.importKey('spki', bytes(EC), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  const check = (key, how, signature, what) => crypto.subtle.verify(how, key, bytes(signature), text(what))
  return [
    await check(rsa, 'RSASSA-PKCS1-v1_5', RSA_SIGNATURE, 'signed text'), await check(rsa, 'RSASSA-PKCS1-v1_5', RSA_SIGNATURE, 'other text'),
    await check(ec, { name: 'ECDSA', hash: 'SHA-256' }, EC_SIGNATURE, 'signed text'), await check(ec, { name: 'ECDSA', hash: 'SHA-256' }, EC_SIGNATURE, 'other text'),
    rsa.algorithm.modulusLength, ec.algorithm.namedCurve, rsa.type,
  ]
}
