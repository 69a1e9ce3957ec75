//! Search in strings, and what is built on it.
//!
//! Covers: the engine walks to where a search is to begin one unit at a time, so that each
//! search takes as long as all of the text before it: `split` of 50,000 fields takes seconds.
//! What is given an object, as a pattern, is left to the engine.

use boa_engine::{
    Context, JsArgs as _, JsNativeError, JsObject, JsResult, JsString, JsValue, js_string,
    object::builtins::{JsArray, JsFunction},
    string::{JsStr, JsStrVariant},
    value::IntegerOrInfinity,
};

use super::{Originals, originals, put};

/// Puts the functions in place.
pub(super) fn install(string: &JsObject, context: &Context) {
    put(string, "indexOf", 1, index_of, context);
    put(string, "lastIndexOf", 1, last_index_of, context);
    put(string, "includes", 1, includes, context);
    put(string, "split", 2, split, context);
    put(string, "replace", 2, replace, context);
    put(string, "replaceAll", 2, replace_all, context);
    put(string, "repeat", 1, repeat, context);
}

/// Where `needle` stands at `from` or later.
fn find(text: JsStr<'_>, needle: JsStr<'_>, from: usize) -> Option<usize> {
    use JsStrVariant::{Latin1, Utf16};
    match (text.variant(), needle.variant()) {
        (Latin1(text), Latin1(needle)) => units(text, needle, from),
        (Latin1(text), Utf16(needle)) => units(text, needle, from),
        (Utf16(text), Latin1(needle)) => units(text, needle, from),
        (Utf16(text), Utf16(needle)) => units(text, needle, from),
    }
}

fn units<T: Copy + Into<u16>, N: Copy + Into<u16>>(
    text: &[T],
    needle: &[N],
    from: usize,
) -> Option<usize> {
    let last = text.len().checked_sub(needle.len())?;
    let Some((first, rest)) = needle.split_first() else {
        return (from <= text.len()).then_some(from);
    };
    let first: u16 = (*first).into();
    let mut at = from;
    while at <= last {
        at += text[at..=last].iter().position(|unit| (*unit).into() == first)?;
        let same = |(a, b): (&T, &N)| (*a).into() == (*b).into();
        if text[at + 1..].iter().zip(rest).all(same) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Where `needle` stands at `from` or before.
fn find_last(text: JsStr<'_>, needle: JsStr<'_>, from: usize) -> Option<usize> {
    let last = text.len().checked_sub(needle.len())?;
    (0..=last.min(from))
        .rev()
        .find(|at| text.get(*at..*at + needle.len()).is_some_and(|found| found == needle))
}

/// The text that a function is called on; what has none is left to the engine to refuse.
fn own(this: &JsValue, context: &mut Context) -> JsResult<JsString> {
    this.require_object_coercible()?.to_string(context)
}

fn position(value: &JsValue, length: usize, context: &mut Context) -> JsResult<usize> {
    Ok(match value.to_integer_or_infinity(context)? {
        IntegerOrInfinity::PositiveInfinity => length,
        IntegerOrInfinity::NegativeInfinity => 0,
        IntegerOrInfinity::Integer(at) => usize::try_from(at.max(0)).unwrap_or(length).min(length),
    })
}

fn number(found: Option<usize>) -> JsValue {
    found.map_or_else(|| JsValue::from(-1), JsValue::from)
}

/// Covers: the engine makes a list of as many texts first, at 24 bytes each.
fn repeat(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let text = own(this, context)?;
    let times = arguments.get_or_undefined(0).to_integer_or_infinity(context)?;
    let times = match times {
        IntegerOrInfinity::Integer(times) => usize::try_from(times).ok(),
        _ => None,
    };
    let fits = |times: &usize| {
        let length = times.checked_mul(text.len());
        length.is_some_and(|length| u32::try_from(length).is_ok())
    };
    let Some(times) = times.filter(fits) else {
        let message = "repeat: the count is negative, or the text would be too long";
        return Err(JsNativeError::range().with_message(message).into());
    };
    let repeated = match text.as_str().variant() {
        JsStrVariant::Latin1(units) => JsString::from(JsStr::latin1(&units.repeat(times))),
        JsStrVariant::Utf16(units) => JsString::from(JsStr::utf16(&units.repeat(times))),
    };
    Ok(repeated.into())
}

fn index_of(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let text = own(this, context)?;
    let needle = arguments.get_or_undefined(0).to_string(context)?;
    let from = position(arguments.get_or_undefined(1), text.len(), context)?;
    Ok(number(find(text.as_str(), needle.as_str(), from)))
}

fn last_index_of(
    this: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let text = own(this, context)?;
    let needle = arguments.get_or_undefined(0).to_string(context)?;
    let wanted = arguments.get_or_undefined(1).to_number(context)?;
    let from = if wanted.is_nan() {
        text.len()
    } else {
        position(&JsValue::from(wanted), text.len(), context)?
    };
    Ok(number(find_last(text.as_str(), needle.as_str(), from)))
}

fn includes(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let needle = arguments.get_or_undefined(0);
    if needle.is_object() {
        return as_ever(|all| &all.includes, this, arguments, context);
    }
    let text = own(this, context)?;
    let needle = needle.to_string(context)?;
    let from = position(arguments.get_or_undefined(1), text.len(), context)?;
    Ok(find(text.as_str(), needle.as_str(), from).is_some().into())
}

fn split(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let separator = arguments.get_or_undefined(0);
    if separator.is_object() {
        return as_ever(|all| &all.split, this, arguments, context);
    }
    let text = own(this, context)?;
    let limit = match arguments.get_or_undefined(1) {
        limit if limit.is_undefined() => u32::MAX,
        limit => limit.to_u32(context)?,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let between = separator.to_string(context)?;
    let mut parts: Vec<JsValue> = Vec::new();
    if limit == 0 {
    } else if separator.is_undefined() {
        parts.push(text.into());
    } else if between.is_empty() {
        let length = text.len().min(limit);
        parts.extend((0..length).map(|at| JsValue::from(text.slice(at, at + 1))));
    } else {
        let mut from = 0;
        while let Some(at) = find(text.as_str(), between.as_str(), from) {
            parts.push(text.slice(from, at).into());
            from = at + between.len();
            if parts.len() == limit {
                return Ok(JsArray::from_iter(parts, context).into());
            }
        }
        parts.push(text.slice(from, text.len()).into());
    }
    Ok(JsArray::from_iter(parts, context).into())
}

fn replace(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if arguments.get_or_undefined(0).is_object() {
        return as_ever(|all| &all.replace, this, arguments, context);
    }
    replaced(this, arguments, false, context)
}

fn replace_all(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    if arguments.get_or_undefined(0).is_object() {
        return as_ever(|all| &all.replace_all, this, arguments, context);
    }
    replaced(this, arguments, true, context)
}

fn replaced(
    this: &JsValue,
    arguments: &[JsValue],
    all: bool,
    context: &mut Context,
) -> JsResult<JsValue> {
    let text = own(this, context)?;
    let needle = arguments.get_or_undefined(0).to_string(context)?;
    let by = arguments.get_or_undefined(1);
    let function = by.as_callable();
    let template = match function {
        Some(_) => JsString::default(),
        None => by.to_string(context)?,
    };
    // All places are sought before any function is called.
    let (mut places, mut from) = (Vec::new(), 0);
    while let Some(at) = find(text.as_str(), needle.as_str(), from) {
        places.push(at);
        from = at + needle.len().max(1);
        if !all {
            break;
        }
    }
    if places.is_empty() {
        return Ok(text.into());
    }
    let plain = !template.contains(b'$');
    let mut pieces: Vec<JsString> = Vec::with_capacity(places.len() * 2 + 1);
    let mut end = 0;
    for at in places {
        pieces.push(text.slice(end, at));
        end = at + needle.len();
        pieces.push(match &function {
            Some(function) => {
                let arguments = [needle.clone().into(), JsValue::from(at), text.clone().into()];
                function.call(&JsValue::undefined(), &arguments, context)?.to_string(context)?
            }
            None if plain => template.clone(),
            None => substituted(&template, &text, at, end),
        });
    }
    pieces.push(text.slice(end, text.len()));
    Ok(JsString::from(pieces.as_slice()).into())
}

/// A template with what its `$` stand for; there are no groups.
fn substituted(template: &JsString, text: &JsString, start: usize, end: usize) -> JsString {
    let mut pieces: Vec<JsString> = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = find(template.as_str(), js_string!("$").as_str(), at) {
        let after = template.code_unit_at(found + 1).and_then(|unit| u8::try_from(unit).ok());
        let piece = match after {
            Some(b'$') => js_string!("$"),
            Some(b'&') => text.slice(start, end),
            Some(b'`') => text.slice(0, start),
            Some(b'\'') => text.slice(end, text.len()),
            _ => {
                at = found + 1;
                continue;
            }
        };
        pieces.push(template.slice(copied, found));
        pieces.push(piece);
        copied = found + 2;
        at = copied;
    }
    pieces.push(template.slice(copied, template.len()));
    JsString::from(pieces.as_slice())
}

/// Calls the engine's own function.
fn as_ever(
    which: fn(&Originals) -> &JsFunction,
    this: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let originals = originals(context)?;
    which(&originals).call(this, arguments, context)
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;

    #[test]
    fn search_and_what_is_built_on_it_do_what_the_standard_says() {
        table(&[
            (
                "['ab'.repeat(3), 'ä€'.repeat(2), 'x'.repeat(0), ''.repeat(9)].join()",
                "ababab,ä€ä€,,",
            ),
            ("try { 'x'.repeat(-1) } catch (e) { e.name }", "RangeError"),
            ("try { 'x'.repeat(Infinity) } catch (e) { e.name }", "RangeError"),
            ("'x'.repeat(1e6).length", "1000000"),
            (
                "['abcabc'.indexOf('c'), 'abcabc'.indexOf('c', 3), 'abc'.indexOf('x')].join()",
                "2,5,-1",
            ),
            ("['abc'.indexOf(''), 'abc'.indexOf('', 9), 'abc'.indexOf('a', -5)].join()", "0,3,0"),
            (
                "['abc'.indexOf('c', Infinity), 'abc'.indexOf('a', NaN), 'aab'.indexOf('ab')].join()",
                "-1,0,1",
            ),
            (
                "['ü😀x'.indexOf('x'), 'abc'.indexOf('😀'), 'ü😀'.indexOf('\\ude00')].join()",
                "3,-1,2",
            ),
            ("'undefined'.indexOf() + 'null'.indexOf(null)", "0"),
            (
                "['abcabc'.lastIndexOf('c'), 'abcabc'.lastIndexOf('c', 4), 'abc'.lastIndexOf('')].join()",
                "5,2,3",
            ),
            (
                "['abc'.lastIndexOf('a', -1), 'abc'.lastIndexOf('b', NaN), 'a'.lastIndexOf('ab')].join()",
                "0,1,-1",
            ),
            (
                "['abc'.includes('b'), 'abc'.includes('b', 2), 'abc'.includes('')].join()",
                "true,false,true",
            ),
            (
                "'abc'.includes(/b/)",
                "TypeError: First argument to String.prototype.includes must \
              not be a regular expression",
            ),
            (
                "JSON.stringify(['a,b,,c'.split(','), 'a,b'.split(',', 1), 'ab'.split(''), \
              'ab'.split(), ''.split(','), ''.split(''), 'a'.split('a'), 'aXXb'.split('XX')])",
                r#"[["a","b","","c"],["a"],["a","b"],["ab"],[""],[],["",""],["a","b"]]"#,
            ),
            (
                "JSON.stringify(['abc'.split('', 2), 'a,b'.split(',', 0), 'a1b'.split(1), \
              'anullb'.split(null), 'a,b'.split(',', -1), 'a1b2'.split(/\\d/)])",
                r#"[["a","b"],[],["a","b"],["a","b"],["a","b"],["a","b",""]]"#,
            ),
            ("'😀'.split('').length + 'ü|ö'.split('|').join()", "2ü,ö"),
            ("'abc'.split({ [Symbol.split](s, l) { return s + l } }, 7)", "abc7"),
            ("'aXbX'.replace('X', '-') + 'aXbX'.replaceAll('X', '-')", "a-bXa-b-"),
            (r"'abc'.replace('b', '[$&|$`|$\'|$$|$1|$<x>|$]')", "a[b|a|c|$|$1|$<x>|$]c"),
            ("'abc'.replaceAll('', '-') + 'x'.replace('', '_')", "-a-b-c-_x"),
            ("'aab'.replaceAll('a', (m, at, all) => m + at + all.length)", "a03a13b"),
            ("'a.b.c'.replaceAll(/\\./g, '$&$&') + 'aa'.replace(/a/, 'b')", "a..b..cba"),
            ("'ababab'.replaceAll('aba', 'x')", "xbab"),
            (
                "'a'.replace('b') + 'a'.replace('a') + 'aundefined'.replace(undefined, 1)",
                "aundefineda1",
            ),
            ("'x'.replaceAll('x', '😀').length", "2"),
            ("try { String.prototype.indexOf.call(null, 'x') } catch (e) { e.name }", "TypeError"),
            ("try { String.prototype.split.call(undefined) } catch (e) { e.name }", "TypeError"),
            ("String.prototype.split.call(12321, 2).join('-')", "1-3-1"),
            ("'a'.replaceAll('a', () => { throw new RangeError('mine') })", "RangeError: mine"),
            ("'a'.indexOf({ toString() { throw new RangeError('mine') } })", "RangeError: mine"),
        ]);
    }

    #[test]
    fn long_texts_take_no_longer_than_they_should() {
        table(&[
            ("var long = 'abcdef,'.repeat(50000); long.split(',').length", "50001"),
            ("var n = 0, at = -1; while ((at = long.indexOf(',', at + 1)) >= 0) n++; n", "50000"),
            ("long.replaceAll(',', ';').indexOf(',')", "-1"),
        ]);
    }
}
