//! `TextEncoder` and `TextDecoder`.

use boa_engine::{
    Context, Finalize, JsData, JsObject, JsResult, JsValue, Trace, js_string,
    object::{ObjectInitializer, builtins::JsUint8Array},
    property::Attribute,
};
use encoding_rs::{Decoder, DecoderResult, Encoding};

use super::{
    class::{BARE, Class, range_error, type_error, with},
    values::{argument, bytes, js, needed, option, text, uint8_array},
};

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
struct Encoder;

pub(super) static ENCODER: Class = Class {
    name: "TextEncoder",
    make: |new_target, _, context| {
        Ok(ENCODER.construct(new_target, Encoder, context)?.upcast().into())
    },
    getters: &[("encoding", |_, _, _| Ok(js("utf-8")))],
    methods: &[
        ("encode", 0, |_, arguments, context| {
            let given = argument(arguments, 0);
            let given = if given.is_undefined() { String::new() } else { text(&given, context)? };
            Ok(uint8_array(given.as_bytes(), context)?.into())
        }),
        ("encodeInto", 2, encode_into),
    ],
    ..BARE
};

fn encode_into(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let source = text(needed(arguments, 0)?, context)?;
    let target = needed(arguments, 1)?.as_object();
    let target = target.and_then(|target| JsUint8Array::from_object(target).ok());
    let target = target.ok_or_else(|| type_error("encodeInto needs a Uint8Array"))?;
    let room = target.byte_length(context)?;
    let end = source.floor_char_boundary(room);
    let part = &source[..end];
    let written = uint8_array(part.as_bytes(), context)?;
    target.set_values(written.into(), None, context)?;
    let read = part.encode_utf16().count();
    Ok(ObjectInitializer::new(context)
        .property(js_string!("read"), read, Attribute::all())
        .property(js_string!("written"), part.len(), Attribute::all())
        .build()
        .into())
}

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
struct TextDecoder {
    #[unsafe_ignore_trace]
    encoding: &'static Encoding,
    fatal: bool,
    keep_mark: bool,
    /// Keeps the half of a character that a chunk ended with.
    #[unsafe_ignore_trace]
    decoder: Option<Decoder>,
}

pub(super) static DECODER: Class = Class {
    name: "TextDecoder",
    make: |new_target, arguments, context| {
        DECODER.asked_with_new(new_target)?;
        let label = match argument(arguments, 0) {
            label if label.is_undefined() => "utf-8".to_owned(),
            label => text(&label, context)?,
        };
        let encoding = Encoding::for_label_no_replacement(label.as_bytes())
            .ok_or_else(|| range_error(format!("there is no encoding {label:?}")))?;
        let options = argument(arguments, 1);
        let mut flag = |name: &str| -> JsResult<bool> {
            Ok(option(&options, name, context)?.is_some_and(|value| value.to_boolean()))
        };
        let (fatal, keep_mark) = (flag("fatal")?, flag("ignoreBOM")?);
        let decoder = TextDecoder { encoding, fatal, keep_mark, decoder: None };
        Ok(DECODER.construct(new_target, decoder, context)?.upcast().into())
    },
    getters: &[
        ("encoding", |this, _, _| {
            Ok(with(&own(this)?, |decoder| js(&decoder.encoding.name().to_ascii_lowercase())))
        }),
        ("fatal", |this, _, _| Ok(with(&own(this)?, |decoder| decoder.fatal).into())),
        ("ignoreBOM", |this, _, _| Ok(with(&own(this)?, |decoder| decoder.keep_mark).into())),
    ],
    methods: &[("decode", 0, decode)],
    ..BARE
};

fn own(this: &JsValue) -> JsResult<JsObject<TextDecoder>> {
    DECODER.own(this)
}

fn decode(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let decoder = own(this)?;
    let given = argument(arguments, 0);
    let input = if given.is_undefined() {
        Vec::new()
    } else {
        bytes(&given, context)?.ok_or_else(|| type_error("decode needs a buffer or a view"))?
    };
    let more = option(&argument(arguments, 1), "stream", context)?;
    let more = more.is_some_and(|more| more.to_boolean());
    let decoded = with(&decoder, |decoder| decoder.decode(&input, !more));
    Ok(js(&decoded.ok_or_else(|| type_error("the bytes are not in that encoding"))?))
}

impl TextDecoder {
    fn decode(&mut self, input: &[u8], last: bool) -> Option<String> {
        let (encoding, keep_mark) = (self.encoding, self.keep_mark);
        let mut decoder = self.decoder.take().unwrap_or_else(|| {
            if keep_mark {
                encoding.new_decoder_without_bom_handling()
            } else {
                encoding.new_decoder_with_bom_removal()
            }
        });
        let mut text = String::new();
        if self.fatal {
            let room = decoder.max_utf8_buffer_length_without_replacement(input.len())?;
            text.reserve(room);
            let (result, _) = decoder.decode_to_string_without_replacement(input, &mut text, last);
            if !matches!(result, DecoderResult::InputEmpty) {
                return None;
            }
        } else {
            text.reserve(decoder.max_utf8_buffer_length(input.len())?);
            let _ = decoder.decode_to_string(input, &mut text, last);
        }
        if !last {
            self.decoder = Some(decoder);
        }
        Some(text)
    }
}
