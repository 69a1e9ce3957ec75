//! `crypto.subtle`: hashes, HMAC, AES-GCM, and signatures of others to be checked.
//!
//! All of it is done at once; the promises are there because programs wait for
//! them.

use boa_engine::{Context, Finalize, JsData, JsResult, JsValue, Trace};
use ring::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    digest, hmac,
    signature::{self, RsaPublicKeyComponents, UnparsedPublicKey},
};

use super::{
    class::{BARE, Class, of, type_error, with},
    crypto,
    exception::exception,
    keys::{self, Curve, Hash, KEY, Key, Material, Meant},
    values::{argument, array_buffer, bytes, iterate, needed, option, promised, text},
};

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
struct Subtle;

pub(super) static SUBTLE: Class = Class {
    name: "SubtleCrypto",
    methods: &[
        ("digest", 2, |_, arguments, context| later(digested, arguments, context)),
        ("importKey", 5, |_, arguments, context| later(import, arguments, context)),
        ("exportKey", 2, |_, arguments, context| later(export, arguments, context)),
        ("generateKey", 3, |_, arguments, context| later(generate, arguments, context)),
        ("sign", 3, |_, arguments, context| later(sign, arguments, context)),
        ("verify", 4, |_, arguments, context| later(verify, arguments, context)),
        ("encrypt", 3, |_, arguments, context| later(encrypt, arguments, context)),
        ("decrypt", 3, |_, arguments, context| later(decrypt, arguments, context)),
    ],
    ..BARE
};

struct Made(JsValue);

/// The one object of the class.
pub(super) fn object(context: &mut Context) -> JsValue {
    if let Some(Made(known)) = context.get_data::<Made>() {
        return known.clone();
    }
    let subtle: JsValue = SUBTLE.object(Subtle, context).upcast().into();
    context.insert_data(Made(subtle.clone()));
    subtle
}

type Work = fn(&[JsValue], &mut Context) -> JsResult<JsValue>;

fn later(work: Work, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let done = work(arguments, context);
    promised(done, context)
}

fn unsupported(what: &str, context: &mut Context) -> boa_engine::JsError {
    exception("NotSupportedError", what, context)
}

/// The name of an algorithm: of a string, or of an object that has one.
fn name(algorithm: &JsValue, context: &mut Context) -> JsResult<String> {
    let name = match algorithm.as_object() {
        Some(_) => option(algorithm, "name", context)?.unwrap_or_default(),
        None => algorithm.clone(),
    };
    Ok(text(&name, context)?.to_ascii_uppercase())
}

fn hash(algorithm: &JsValue, context: &mut Context) -> JsResult<Hash> {
    let given = name(algorithm, context)?;
    let known = Hash::ALL.into_iter().find(|hash| hash.name() == given);
    known.ok_or_else(|| unsupported(&format!("there is no hash {given:?}"), context))
}

fn data(value: &JsValue, context: &mut Context) -> JsResult<Vec<u8>> {
    bytes(value, context)?.ok_or_else(|| type_error("the data has to be a buffer or a view"))
}

fn digester(hash: Hash) -> &'static digest::Algorithm {
    match hash {
        Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha384 => &digest::SHA384,
        Hash::Sha512 => &digest::SHA512,
    }
}

fn digested(arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let hash = hash(needed(arguments, 0)?, context)?;
    let data = data(needed(arguments, 1)?, context)?;
    let digest = digest::digest(digester(hash), &data);
    Ok(array_buffer(digest.as_ref(), context)?.into())
}

/// What a key is to be for, out of the algorithm that a script describes.
fn meant(algorithm: &JsValue, context: &mut Context) -> JsResult<Meant> {
    let given = name(algorithm, context)?;
    let hashed = |context: &mut Context| {
        let named = option(algorithm, "hash", context)?;
        hash(&named.ok_or_else(|| type_error("the algorithm names no hash"))?, context)
    };
    Ok(match given.as_str() {
        "HMAC" => Meant::Hmac(hashed(context)?),
        "AES-GCM" => Meant::Aes,
        "RSASSA-PKCS1-V1_5" => Meant::Rsa { pss: false, hash: hashed(context)? },
        "RSA-PSS" => Meant::Rsa { pss: true, hash: hashed(context)? },
        "ECDSA" => {
            let curve = option(algorithm, "namedCurve", context)?.unwrap_or_default();
            let curve = text(&curve, context)?;
            let known = Curve::ALL.into_iter().find(|known| known.name() == curve);
            let what = format!("there is no curve {curve:?}");
            Meant::Ec(known.ok_or_else(|| unsupported(&what, context))?)
        }
        other => {
            return Err(unsupported(&format!("there are no keys for {other:?}"), context));
        }
    })
}

/// The uses that a script wants a key for, if the algorithm has them.
fn usages(list: &JsValue, meant: &Meant, context: &mut Context) -> JsResult<Vec<String>> {
    let list = list.as_object().ok_or_else(|| type_error("the key's usages are no list"))?;
    let mut usages = Vec::new();
    iterate(&list, context, |usage, context| {
        usages.push(text(&usage, context)?);
        Ok(())
    })?;
    let known: &[&str] = match meant {
        Meant::Hmac(_) => &["sign", "verify"],
        Meant::Aes => &["encrypt", "decrypt"],
        Meant::Rsa { .. } | Meant::Ec(_) => &["verify"],
    };
    if let Some(odd) = usages.iter().find(|usage| !known.contains(&usage.as_str())) {
        let what = format!("a key of this algorithm cannot be used to {odd:?} here");
        return Err(exception("SyntaxError", &what, context));
    }
    if usages.is_empty() && matches!(meant, Meant::Hmac(_) | Meant::Aes) {
        return Err(exception("SyntaxError", "the key would be of no use", context));
    }
    Ok(usages)
}

fn import(arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let format = text(needed(arguments, 0)?, context)?;
    let meant = meant(needed(arguments, 2)?, context)?;
    let usages = usages(needed(arguments, 4)?, &meant, context)?;
    let material = keys::import(&format, needed(arguments, 1)?, &meant, context)?;
    let extractable = argument(arguments, 3).to_boolean();
    Ok(KEY.object(Key { material, extractable, usages }, context).upcast().into())
}

fn export(arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let format = text(needed(arguments, 0)?, context)?;
    let key = key(needed(arguments, 1)?)?;
    keys::export(&format, &key, context)
}

fn generate(arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let algorithm = needed(arguments, 0)?;
    let meant = meant(algorithm, context)?;
    let length = match option(algorithm, "length", context)? {
        Some(length) => Some(length.to_u32(context)?),
        None => None,
    };
    let bits = match (&meant, length) {
        (Meant::Hmac(hash), None) => hash.block() * 8,
        (Meant::Aes, Some(length @ (128 | 256))) => length as usize,
        (Meant::Hmac(_), Some(length @ 8..=65_536)) if length % 8 == 0 => length as usize,
        (Meant::Hmac(_) | Meant::Aes, _) => {
            let what = "the length of the key has to be 128 or 256 bits for AES, and whole \
                        bytes for HMAC";
            return Err(exception("OperationError", what, context));
        }
        _ => return Err(unsupported("pairs of keys cannot be generated", context)),
    };
    let usages = usages(needed(arguments, 2)?, &meant, context)?;
    let mut bytes = vec![0; bits / 8];
    crypto::fill(&mut bytes)?;
    let material = keys::secret(&meant, bytes, context)?;
    let extractable = argument(arguments, 1).to_boolean();
    Ok(KEY.object(Key { material, extractable, usages }, context).upcast().into())
}

fn key(value: &JsValue) -> JsResult<Key> {
    let key = of::<Key>(value).ok_or_else(|| type_error("the key has to be a CryptoKey"))?;
    Ok(with(&key, |key| key.clone()))
}

/// The key, if it is of the algorithm and may be used so.
fn usable(arguments: &[JsValue], usage: &str, context: &mut Context) -> JsResult<Key> {
    let key = key(needed(arguments, 1)?)?;
    let given = name(needed(arguments, 0)?, context)?;
    if !given.eq_ignore_ascii_case(key.name()) {
        let what = format!("the key is for {}, not for {given:?}", key.name());
        return Err(exception("InvalidAccessError", &what, context));
    }
    if !key.usages.iter().any(|known| known == usage) {
        let what = format!("the key may not be used to {usage}");
        return Err(exception("InvalidAccessError", &what, context));
    }
    Ok(key)
}

fn hmac_key(hash: Hash, secret: &[u8]) -> hmac::Key {
    let algorithm = match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    };
    hmac::Key::new(algorithm, secret)
}

fn sign(arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let key = usable(arguments, "sign", context)?;
    let data = data(needed(arguments, 2)?, context)?;
    let Material::Hmac { hash, secret } = &key.material else {
        return Err(unsupported("only HMAC can sign here", context));
    };
    let tag = hmac::sign(&hmac_key(*hash, secret), &data);
    Ok(array_buffer(tag.as_ref(), context)?.into())
}

fn verify(arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let key = usable(arguments, "verify", context)?;
    let signature = data(needed(arguments, 2)?, context)?;
    let message = data(needed(arguments, 3)?, context)?;
    let fits = match &key.material {
        Material::Hmac { hash, secret } => {
            hmac::verify(&hmac_key(*hash, secret), &message, &signature).is_ok()
        }
        Material::Rsa { pss, hash, n, e } => {
            let scheme = match (pss, hash) {
                (false, Hash::Sha1) => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
                (false, Hash::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
                (false, Hash::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
                (false, Hash::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
                (true, Hash::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
                (true, Hash::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
                (true, Hash::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
                (true, Hash::Sha1) => {
                    return Err(unsupported("RSA-PSS needs SHA-256, 384 or 512", context));
                }
            };
            let key = RsaPublicKeyComponents { n, e };
            key.verify(scheme, &message, &signature).is_ok()
        }
        Material::Ec { curve, point } => {
            let algorithm = needed(arguments, 0)?;
            let named = option(algorithm, "hash", context)?;
            let named = named.ok_or_else(|| type_error("the algorithm names no hash"))?;
            let scheme = match (curve, hash(&named, context)?) {
                (Curve::P256, Hash::Sha256) => &signature::ECDSA_P256_SHA256_FIXED,
                (Curve::P384, Hash::Sha384) => &signature::ECDSA_P384_SHA384_FIXED,
                (curve, hash) => {
                    let what = format!("{} cannot be used with {}", curve.name(), hash.name());
                    return Err(unsupported(&what, context));
                }
            };
            UnparsedPublicKey::new(scheme, point).verify(&message, &signature).is_ok()
        }
        Material::Aes { .. } => return Err(unsupported("AES cannot verify", context)),
    };
    Ok(fits.into())
}

/// What a message is encrypted with: key, nonce, and what is protected along.
fn sealing(
    arguments: &[JsValue],
    usage: &str,
    context: &mut Context,
) -> JsResult<(LessSafeKey, Nonce, Vec<u8>)> {
    let key = usable(arguments, usage, context)?;
    let Material::Aes { secret } = &key.material else {
        return Err(unsupported("only AES-GCM can encrypt here", context));
    };
    let algorithm = needed(arguments, 0)?;
    let iv = option(algorithm, "iv", context)?.unwrap_or_default();
    let iv = data(&iv, context)?;
    let Ok(nonce) = Nonce::try_assume_unique_for_key(&iv) else {
        return Err(unsupported("the `iv` of AES-GCM has to have 12 bytes", context));
    };
    if let Some(length) = option(algorithm, "tagLength", context)?
        && length.to_u32(context)? != 128
    {
        return Err(unsupported("the `tagLength` of AES-GCM has to be 128", context));
    }
    let along = match option(algorithm, "additionalData", context)? {
        Some(along) => data(&along, context)?,
        None => Vec::new(),
    };
    let kind = if secret.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
    let key = UnboundKey::new(kind, secret)
        .map_err(|_| exception("OperationError", "the key does not fit", context))?;
    Ok((LessSafeKey::new(key), nonce, along))
}

fn encrypt(arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let (key, nonce, along) = sealing(arguments, "encrypt", context)?;
    let mut whole = data(needed(arguments, 2)?, context)?;
    key.seal_in_place_append_tag(nonce, Aad::from(along), &mut whole)
        .map_err(|_| exception("OperationError", "the data is too long", context))?;
    Ok(array_buffer(&whole, context)?.into())
}

fn decrypt(arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let (key, nonce, along) = sealing(arguments, "decrypt", context)?;
    let mut whole = data(needed(arguments, 2)?, context)?;
    let plain = key.open_in_place(nonce, Aad::from(along), &mut whole);
    let plain = plain.map_err(|_| {
        exception("OperationError", "the data cannot be decrypted with that key", context)
    })?;
    Ok(array_buffer(plain, context)?.into())
}
