//! `CryptoKey`: what a key is made of, and how it comes in and goes out.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use boa_engine::{
    Context, Finalize, JsData, JsObject, JsResult, JsString, JsValue, Trace, js_string,
    object::{ObjectInitializer, builtins::JsArray},
    property::Attribute,
};

use super::{
    class::{BARE, Class, with},
    der,
    exception::exception,
    values::{array_buffer, bytes, js, member, text},
};

#[derive(Clone, Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Key {
    #[unsafe_ignore_trace]
    pub(super) material: Material,
    pub(super) extractable: bool,
    #[unsafe_ignore_trace]
    pub(super) usages: Vec<String>,
}

/// What a key is made of, and for which algorithm.
#[derive(Clone, Debug)]
pub(super) enum Material {
    Hmac {
        hash: Hash,
        secret: Vec<u8>,
    },
    Aes {
        secret: Vec<u8>,
    },
    Rsa {
        pss: bool,
        hash: Hash,
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point of a curve, uncompressed.
    Ec {
        curve: Curve,
        point: Vec<u8>,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Curve {
    P256,
    P384,
}

pub(super) static KEY: Class = Class {
    name: "CryptoKey",
    getters: &[
        ("type", |this, _, _| {
            let key = KEY.own::<Key>(this)?;
            Ok(with(&key, |key| js(if key.is_secret() { "secret" } else { "public" })))
        }),
        (
            "extractable",
            |this, _, _| Ok(with(&KEY.own::<Key>(this)?, |key| key.extractable).into()),
        ),
        ("algorithm", |this, _, context| {
            let key = with(&KEY.own::<Key>(this)?, |key| key.clone());
            Ok(key.algorithm(context).into())
        }),
        ("usages", |this, _, context| {
            let usages = with(&KEY.own::<Key>(this)?, |key| key.usages.clone());
            let usages: Vec<_> = usages.iter().map(|usage| js(usage)).collect();
            Ok(JsArray::from_iter(usages, context).into())
        }),
    ],
    ..BARE
};

impl Hash {
    pub(super) const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    fn digits(self) -> &'static str {
        match self {
            Self::Sha1 => "1",
            Self::Sha256 => "256",
            Self::Sha384 => "384",
            Self::Sha512 => "512",
        }
    }

    /// Bytes that the function reads at once: the length of a new key.
    pub(super) fn block(self) -> usize {
        if matches!(self, Self::Sha384 | Self::Sha512) { 128 } else { 64 }
    }
}

impl Curve {
    pub(super) const ALL: [Self; 2] = [Self::P256, Self::P384];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    /// Bytes of a coordinate.
    fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    fn oid(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07],
            Self::P384 => &[0x2B, 0x81, 0x04, 0x00, 0x22],
        }
    }
}

/// What an import is for: all but the bytes.
pub(super) enum Meant {
    Hmac(Hash),
    Aes,
    Rsa { pss: bool, hash: Hash },
    Ec(Curve),
}

impl Key {
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.material, Material::Hmac { .. } | Material::Aes { .. })
    }

    /// The algorithm's name.
    pub(super) fn name(&self) -> &'static str {
        match &self.material {
            Material::Hmac { .. } => "HMAC",
            Material::Aes { .. } => "AES-GCM",
            Material::Rsa { pss: false, .. } => "RSASSA-PKCS1-v1_5",
            Material::Rsa { pss: true, .. } => "RSA-PSS",
            Material::Ec { .. } => "ECDSA",
        }
    }

    fn algorithm(&self, context: &mut Context) -> JsObject {
        let hashed = |hash: Hash, context: &mut Context| {
            let name = JsString::from(hash.name());
            ObjectInitializer::new(context)
                .property(js_string!("name"), name, Attribute::all())
                .build()
        };
        let mut parts: Vec<(&str, JsValue)> = vec![("name", js(self.name()))];
        match &self.material {
            Material::Hmac { hash, secret } => {
                parts.push(("hash", hashed(*hash, context).into()));
                parts.push(("length", (secret.len() * 8).into()));
            }
            Material::Aes { secret } => parts.push(("length", (secret.len() * 8).into())),
            Material::Rsa { hash, n, .. } => {
                parts.push(("hash", hashed(*hash, context).into()));
                parts.push(("modulusLength", (n.len() * 8).into()));
            }
            Material::Ec { curve, .. } => parts.push(("namedCurve", js(curve.name()))),
        }
        let mut algorithm = ObjectInitializer::new(context);
        for (name, value) in parts {
            algorithm.property(JsString::from(name), value, Attribute::all());
        }
        algorithm.build()
    }
}

fn bad(what: &str, context: &mut Context) -> boa_engine::JsError {
    exception("DataError", what, context)
}

fn unsupported(what: &str, context: &mut Context) -> boa_engine::JsError {
    exception("NotSupportedError", what, context)
}

/// Reads a key in one of the formats.
pub(super) fn import(
    format: &str,
    data: &JsValue,
    meant: &Meant,
    context: &mut Context,
) -> JsResult<Material> {
    let jwk = if format == "jwk" {
        let object = data.as_object();
        Some(object.ok_or_else(|| bad("a key in the format `jwk` is an object", context))?)
    } else {
        None
    };
    let raw = match &jwk {
        Some(_) => Vec::new(),
        None => match bytes(data, context)? {
            Some(bytes) => bytes,
            None => return Err(bad("the key's data has to be bytes", context)),
        },
    };
    let material = match (meant, format) {
        (Meant::Hmac(_) | Meant::Aes, "raw") => secret(meant, raw, context)?,
        (Meant::Hmac(_) | Meant::Aes, "jwk") => {
            let jwk = typed(jwk.as_ref(), "oct", context)?;
            let bytes = part(&jwk, "k", context)?;
            secret(meant, bytes, context)?
        }
        (Meant::Rsa { pss, hash }, "jwk") => {
            let jwk = typed(jwk.as_ref(), "RSA", context)?;
            let (n, e) = (part(&jwk, "n", context)?, part(&jwk, "e", context)?);
            Material::Rsa { pss: *pss, hash: *hash, n, e }
        }
        (Meant::Rsa { pss, hash }, "spki") => match der::rsa(&raw) {
            Some((n, e)) => Material::Rsa { pss: *pss, hash: *hash, n, e },
            None => return Err(bad("the bytes are no public key of RSA", context)),
        },
        (Meant::Ec(curve), "jwk") => {
            let jwk = typed(jwk.as_ref(), "EC", context)?;
            let given = member(&jwk, "crv", context)?.unwrap_or_default();
            if text(&given, context)? != curve.name() {
                return Err(bad("the key is of another curve", context));
            }
            let mut point = vec![4];
            point.extend(part(&jwk, "x", context)?);
            point.extend(part(&jwk, "y", context)?);
            Material::Ec { curve: *curve, point }
        }
        (Meant::Ec(curve), "raw") => Material::Ec { curve: *curve, point: raw },
        (Meant::Ec(curve), "spki") => match der::ec(&raw, curve.oid()) {
            Some(point) => Material::Ec { curve: *curve, point },
            None => return Err(bad("the bytes are no public key of that curve", context)),
        },
        _ => {
            let what = format!("keys of this algorithm cannot be imported as `{format}`");
            return Err(unsupported(&what, context));
        }
    };
    if let Material::Ec { curve, point } = &material
        && (point.len() != 1 + 2 * curve.size() || point[0] != 4)
    {
        return Err(bad("the bytes are no point of that curve, uncompressed", context));
    }
    Ok(material)
}

/// A secret key of the right length.
pub(super) fn secret(meant: &Meant, secret: Vec<u8>, context: &mut Context) -> JsResult<Material> {
    match meant {
        Meant::Hmac(_) if secret.is_empty() => Err(bad("a key has to have bytes", context)),
        Meant::Hmac(hash) => Ok(Material::Hmac { hash: *hash, secret }),
        _ if matches!(secret.len(), 16 | 32) => Ok(Material::Aes { secret }),
        _ => Err(bad("a key of AES has 128 or 256 bits", context)),
    }
}

fn typed(jwk: Option<&JsObject>, kind: &str, context: &mut Context) -> JsResult<JsObject> {
    let given = match jwk {
        Some(jwk) => member(jwk, "kty", context)?.unwrap_or_default(),
        None => JsValue::undefined(),
    };
    match jwk {
        Some(jwk) if text(&given, context)? == kind => {
            if member(jwk, "d", context)?.is_some() {
                return Err(unsupported("private keys cannot be imported", context));
            }
            Ok(jwk.clone())
        }
        _ => Err(bad(&format!("the key's `kty` has to be {kind:?}"), context)),
    }
}

fn part(jwk: &JsObject, name: &str, context: &mut Context) -> JsResult<Vec<u8>> {
    let given = member(jwk, name, context)?.unwrap_or_default();
    let given = text(&given, context)?;
    URL_SAFE_NO_PAD
        .decode(given.trim_end_matches('='))
        .map_err(|_| bad(&format!("the key's `{name}` is no base64url"), context))
}

/// Writes a key in one of the formats.
pub(super) fn export(format: &str, key: &Key, context: &mut Context) -> JsResult<JsValue> {
    if !key.extractable {
        return Err(exception("InvalidAccessError", "the key is not extractable", context));
    }
    match (format, &key.material) {
        ("raw", Material::Hmac { secret, .. } | Material::Aes { secret }) => {
            Ok(array_buffer(secret, context)?.into())
        }
        ("raw", Material::Ec { point, .. }) => Ok(array_buffer(point, context)?.into()),
        ("jwk", _) => Ok(jwk(key, context)),
        _ => {
            let what = format!("a key of {} cannot be exported as `{format}`", key.name());
            Err(unsupported(&what, context))
        }
    }
}

fn jwk(key: &Key, context: &mut Context) -> JsValue {
    let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let parts: Vec<(&str, String)> = match &key.material {
        Material::Hmac { hash, secret } => vec![
            ("kty", "oct".to_owned()),
            ("k", encoded(secret)),
            ("alg", format!("HS{}", hash.digits())),
        ],
        Material::Aes { secret } => vec![
            ("kty", "oct".to_owned()),
            ("k", encoded(secret)),
            ("alg", format!("A{}GCM", secret.len() * 8)),
        ],
        Material::Rsa { pss, hash, n, e } => vec![
            ("kty", "RSA".to_owned()),
            ("n", encoded(n)),
            ("e", encoded(e)),
            ("alg", format!("{}{}", if *pss { "PS" } else { "RS" }, hash.digits())),
        ],
        Material::Ec { curve, point } => {
            let (x, y) = point[1..].split_at(curve.size());
            vec![
                ("kty", "EC".to_owned()),
                ("crv", curve.name().to_owned()),
                ("x", encoded(x)),
                ("y", encoded(y)),
            ]
        }
    };
    let usages: Vec<_> = key.usages.iter().map(|usage| js(usage)).collect();
    let usages = JsArray::from_iter(usages, context);
    let mut jwk = ObjectInitializer::new(context);
    for (name, value) in parts {
        jwk.property(JsString::from(name), js(&value), Attribute::all());
    }
    jwk.property(js_string!("key_ops"), usages, Attribute::all());
    jwk.property(js_string!("ext"), key.extractable, Attribute::all());
    jwk.build().into()
}
