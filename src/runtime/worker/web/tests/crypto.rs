//! Chance, hashes, keys, signatures. Expected values are from the standards' own
//! examples, or from OpenSSL.

use serde_json::json;

use super::table;

const HEX: &str = "const hex = b => [...new Uint8Array(b)].map(x => x.toString(16).padStart(2, '0')).join(''); \
                   const raw = t => new Uint8Array(t.match(/../g).map(x => parseInt(x, 16))); \
                   const utf8 = t => new TextEncoder().encode(t); const s = crypto.subtle; ";

fn hex_table(cases: &[(&str, serde_json::Value)]) {
    let cases: Vec<_> =
        cases.iter().map(|(script, wanted)| (format!("{HEX}{script}"), wanted.clone())).collect();
    let cases: Vec<_> =
        cases.iter().map(|(script, wanted)| (script.as_str(), wanted.clone())).collect();
    table(&cases);
}

#[test]
fn chance() {
    hex_table(&[
        (
            "const u = crypto.randomUUID(); return [/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(u), \
          u !== crypto.randomUUID()]",
            json!([true, true]),
        ),
        (
            "const whole = new Uint8Array(64); const part = whole.subarray(32); const same = crypto.getRandomValues(part) === part; \
          return [same, whole.slice(0, 32).every(x => x === 0), part.some(x => x !== 0)]",
            json!([true, true, true]),
        ),
        ("return crypto.getRandomValues(new Uint32Array(2)).length", json!(2)),
        (
            "crypto.getRandomValues(new Float64Array(2))",
            json!("TypeMismatchError: getRandomValues fills arrays of whole numbers alone"),
        ),
        (
            "crypto.getRandomValues(new Uint8Array(65537))",
            json!("QuotaExceededError: getRandomValues fills at most 65536 bytes, not 65537"),
        ),
        ("return s === crypto.subtle", json!(true)),
    ]);
}

#[test]
fn hashes() {
    hex_table(&[
        (
            "return hex(await s.digest('SHA-1', utf8('abc')))",
            json!("a9993e364706816aba3e25717850c26c9cd0d89d"),
        ),
        (
            "return hex(await s.digest({name: 'sha-256'}, utf8('abc').buffer))",
            json!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ),
        (
            "return [(await s.digest('SHA-384', utf8(''))).byteLength, (await s.digest('SHA-512', utf8(''))).byteLength]",
            json!([48, 64]),
        ),
        ("return s.digest('MD5', utf8(''))", json!("NotSupportedError: there is no hash \"MD5\"")),
        (
            "return s.digest('SHA-1', 'abc')",
            json!("TypeError: the data has to be a buffer or a view"),
        ),
    ]);
}

#[test]
fn message_codes() {
    hex_table(&[
        // RFC 4231, case 2.
        (
            "const k = await s.importKey('raw', utf8('Jefe'), {name: 'HMAC', hash: 'SHA-256'}, true, ['sign', 'verify']); \
          const m = utf8('what do ya want for nothing?'); const t = await s.sign('HMAC', k, m); \
          return [hex(t), await s.verify('HMAC', k, t, m), await s.verify('HMAC', k, t, utf8('no')), \
          (await s.exportKey('jwk', k)).k, k.algorithm, k.type, k.usages, k.extractable]",
            json!(["5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", true, false, "SmVmZQ",
                {"name": "HMAC", "hash": {"name": "SHA-256"}, "length": 32}, "secret", ["sign", "verify"], true]),
        ),
        (
            "const k = await s.generateKey({name: 'HMAC', hash: 'SHA-512'}, false, ['sign']); \
          return [k.algorithm.length, await s.exportKey('raw', k).catch(e => e.name), \
          await s.verify('HMAC', k, utf8(''), utf8('')).catch(e => e.message)]",
            json!([1024, "InvalidAccessError", "the key may not be used to verify"]),
        ),
        (
            "const k = await s.importKey('jwk', {kty: 'oct', k: 'SmVmZQ'}, {name: 'HMAC', hash: 'SHA-1'}, true, ['sign']); \
          return hex(await s.exportKey('raw', k))",
            json!("4a656665"),
        ),
        (
            "return s.importKey('raw', utf8(''), {name: 'HMAC', hash: 'SHA-1'}, true, ['sign'])",
            json!("DataError: a key has to have bytes"),
        ),
        (
            "return s.importKey('raw', utf8('a'), {name: 'HMAC', hash: 'SHA-1'}, true, ['encrypt'])",
            json!("SyntaxError: a key of this algorithm cannot be used to \"encrypt\" here"),
        ),
        (
            "return s.importKey('raw', utf8('a'), 'PBKDF2', true, ['deriveKey'])",
            json!("NotSupportedError: there are no keys for \"PBKDF2\""),
        ),
    ]);
}

#[test]
fn encryption() {
    hex_table(&[
        // The Galois/Counter Mode of Operation, test case 4.
        (
            "const k = await s.importKey('raw', raw('feffe9928665731c6d6a8f9467308308'), 'AES-GCM', true, ['encrypt', 'decrypt']); \
          const a = {name: 'AES-GCM', iv: raw('cafebabefacedbaddecaf888'), \
          additionalData: raw('feedfacedeadbeeffeedfacedeadbeefabaddad2')}; \
          const plain = raw('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'); \
          const c = await s.encrypt(a, k, plain); return [hex(c).slice(0, 16), hex(c).slice(-32), \
          hex(await s.decrypt(a, k, c)) === hex(plain)]",
            json!(["42831ec221777424", "5bc94fbc3221a5db94fae95ae7121a47", true]),
        ),
        (
            "const k = await s.generateKey({name: 'AES-GCM', length: 256}, true, ['encrypt', 'decrypt']); \
          const a = {name: 'AES-GCM', iv: new Uint8Array(12)}; const c = new Uint8Array(await s.encrypt(a, k, utf8('hi'))); \
          c[0] ^= 1; return [c.length, (await s.exportKey('jwk', k)).alg, await s.decrypt(a, k, c).catch(e => e.name)]",
            json!([18, "A256GCM", "OperationError"]),
        ),
        (
            "const k = await s.generateKey({name: 'AES-GCM', length: 128}, true, ['encrypt']); \
          return s.encrypt({name: 'AES-GCM', iv: new Uint8Array(16)}, k, utf8('hi'))",
            json!("NotSupportedError: the `iv` of AES-GCM has to have 12 bytes"),
        ),
        (
            "return s.generateKey({name: 'AES-GCM', length: 192}, true, ['encrypt']).catch(e => e.name)",
            json!("OperationError"),
        ),
    ]);
}

#[test]
fn signatures_of_others() {
    use super::signed::{P256, P256_SIGNED, P384, P384_SIGNED, PSS_SIGNED, RSA, RSA_SIGNED};
    let cases = [
        ("{name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256'}", RSA, RSA_SIGNED, "RSA"),
        ("{name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32}", RSA, PSS_SIGNED, "RSA"),
        ("{name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}", P256, P256_SIGNED, "EC"),
        ("{name: 'ECDSA', namedCurve: 'P-384', hash: {name: 'SHA-384'}}", P384, P384_SIGNED, "EC"),
    ];
    for (algorithm, key, signature, kind) in cases {
        let script = format!(
            "{HEX} const bin = t => Uint8Array.from(atob(t), c => c.charCodeAt(0)); const a = {algorithm}; \
             const k = await s.importKey('spki', bin('{key}'), a, true, ['verify']); \
             const sig = bin('{signature}'); const jwk = await s.exportKey('jwk', k); \
             const again = await s.importKey('jwk', jwk, a, true, ['verify']); \
             return [k.type, jwk.kty, await s.verify(a, k, sig, utf8('hello')), \
             await s.verify(a, again, sig, utf8('hello')), await s.verify(a, k, sig, utf8('Hello')), \
             await s.verify(a, k, sig.slice(1), utf8('hello'))]"
        );
        table(&[(&script, json!(["public", kind, true, true, false, false]))]);
    }
    let script = format!(
        "{HEX} const bin = t => Uint8Array.from(atob(t), c => c.charCodeAt(0)); \
         const a = {{name: 'ECDSA', namedCurve: 'P-256'}}; \
         const k = await s.importKey('spki', bin('{P256}'), a, true, ['verify']); \
         const r = await s.importKey('raw', await s.exportKey('raw', k), a, true, ['verify']); \
         return [r.algorithm.namedCurve, \
         await s.importKey('spki', bin('{P384}'), a, true, ['verify']).catch(e => e.name), \
         await s.importKey('raw', new Uint8Array(65), a, true, ['verify']).catch(e => e.name), \
         await s.importKey('pkcs8', new Uint8Array(65), a, true, ['verify']).catch(e => e.name), \
         await s.verify({{...a, hash: 'SHA-384'}}, k, bin(''), bin('')).catch(e => e.name)]"
    );
    let wanted =
        json!(["P-256", "DataError", "DataError", "NotSupportedError", "NotSupportedError"]);
    table(&[(&script, wanted)]);
}
