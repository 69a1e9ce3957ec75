//! `JSON` for scripts, and for this program's own talk with them.
//!
//! Covers: the engine's `JSON.parse` runs each document through its parser of scripts, which
//! keeps every string for good and takes eight times as long; it refuses what is nested 128
//! deep. Its `JSON.stringify` ends the process by what is nested deep enough.

use boa_engine::{Context, JsArgs as _, JsObject, JsResult, JsString, JsValue};

use super::{put, read, write};

/// Deepest nesting that is read or written.
pub(super) const DEEPEST: usize = 1_000;

/// Puts `parse` and `stringify` in place.
pub(super) fn install(json: &JsObject, context: &Context) {
    put(json, "parse", 2, parse, context);
    put(json, "stringify", 3, stringify, context);
}

/// A value as JSON; `None` where there is none, as for a function.
pub(in super::super) fn write(value: &JsValue, context: &mut Context) -> JsResult<Option<String>> {
    write::plain(value, context)
}

/// A value from JSON.
pub(in super::super) fn read(text: &str, context: &mut Context) -> JsResult<JsValue> {
    read::text(text, context)
}

fn parse(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let text = arguments.get_or_undefined(0).to_string(context)?;
    match arguments.get_or_undefined(1).as_callable() {
        Some(reviver) => read::revived(&text, &reviver, context),
        None => read::string(&text, context),
    }
}

fn stringify(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let value = arguments.get_or_undefined(0);
    let (replacer, space) = (arguments.get_or_undefined(1), arguments.get_or_undefined(2));
    let written = write::formed(value, replacer, space, context)?;
    Ok(written.map_or_else(JsValue::undefined, |text| JsString::from(text).into()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{context, eval, eval_in, on_large_stack, table};

    #[test]
    fn json_is_read_as_the_standard_says() {
        table(&[
            ("JSON.parse('1')", "1"),
            ("JSON.parse(' \\t\\r\\n[1 , 2]\\n')", "1,2"),
            ("Object.is(JSON.parse('-0'), -0)", "true"),
            ("Object.is(JSON.parse('-0.0e1'), -0)", "true"),
            ("JSON.parse('12345678901234567890')", "12345678901234567000"),
            ("JSON.parse('1e400')", "Infinity"),
            ("JSON.parse('0.1e-6')", "1e-7"),
            ("typeof JSON.parse('1.0')", "number"),
            ("JSON.parse('2147483648') === 2147483648", "true"),
            ("JSON.parse('-2147483649') === -2147483649", "true"),
            ("JSON.parse('[true,false,null]').join()", "true,false,"),
            (r#"JSON.parse('"a\\u0041\\n\\"\\/\\\\\\b\\f\\r\\t"') === 'aA\n"/\\\b\f\r\t'"#, "true"),
            (r#"JSON.parse('"\\ud83d\\ude00"') === '😀'"#, "true"),
            (r#"JSON.parse('"\\ud83d"').charCodeAt(0).toString(16)"#, "d83d"),
            ("JSON.parse('\"ü\\ud83dx\"').length", "3"),
            (r#"JSON.parse('"ü😀\u2028"') === 'ü😀\u2028'"#, "true"),
            (r#"JSON.parse('{"ü":{"a":[]},"1":2}')[1]"#, "2"),
            (r#"Object.keys(JSON.parse('{"b":1,"a":2,"1":3,"0":4}')).join()"#, "0,1,b,a"),
            (r#"JSON.parse('{"a":1,"a":2}').a"#, "2"),
            (r#"Object.hasOwn(JSON.parse('{"__proto__":1}'), '__proto__')"#, "true"),
            (
                r#"Object.getPrototypeOf(JSON.parse('{"__proto__":[]}')) === Object.prototype"#,
                "true",
            ),
            ("JSON.parse('{}').constructor === Object && Array.isArray(JSON.parse('[]'))", "true"),
            ("JSON.parse({ toString() { return '[7]' } })[0]", "7"),
            (
                "var d = Object.getOwnPropertyDescriptor(JSON.parse('{\"a\":1}'), 'a'); \
              [d.writable, d.enumerable, d.configurable].join()",
                "true,true,true",
            ),
        ]);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        table(&[
            ("JSON.parse('')", "SyntaxError: Unexpected end of JSON input"),
            ("JSON.parse('{\"a\":')", "SyntaxError: Unexpected end of JSON input"),
            (
                "JSON.parse('[1,]')",
                "SyntaxError: Unexpected token ']' in JSON at position 3 (line 1 column 4)",
            ),
            (
                "JSON.parse('{\\n  a: 1}')",
                "SyntaxError: Expected property name or '}' in JSON at position 4 (line 2 column 3)",
            ),
            (
                "JSON.parse('{\"a\" 1}')",
                "SyntaxError: Expected ':' after property name in JSON at position 5 (line 1 column 6)",
            ),
            (
                "JSON.parse('{\"a\":1,}')",
                "SyntaxError: Expected double-quoted property name in JSON at position 7 \
              (line 1 column 8)",
            ),
            (
                "JSON.parse('[1 2]')",
                "SyntaxError: Expected ',' or ']' after array element in JSON at position 3 \
              (line 1 column 4)",
            ),
            (
                "JSON.parse('{\"a\":1 2}')",
                "SyntaxError: Expected ',' or '}' after property value in JSON at position 7 \
              (line 1 column 8)",
            ),
            (
                "JSON.parse('1 2')",
                "SyntaxError: Unexpected non-whitespace character after JSON at position 2 \
              (line 1 column 3)",
            ),
            (
                "JSON.parse('undefined')",
                "SyntaxError: Unexpected token 'u' in JSON at position 0 (line 1 column 1)",
            ),
            (
                "JSON.parse('\"a')",
                "SyntaxError: Unterminated string in JSON at position 2 (line 1 column 3)",
            ),
            (
                "JSON.parse('\"\\n\"')",
                "SyntaxError: Bad control character in string literal in JSON at position 1 \
              (line 1 column 2)",
            ),
            (
                r#"JSON.parse('"\\x"')"#,
                "SyntaxError: Bad escaped character in JSON at position 2 (line 1 column 3)",
            ),
            (
                r#"JSON.parse('"\\u12g4"')"#,
                "SyntaxError: Bad Unicode escape in JSON at position 5 (line 1 column 6)",
            ),
            (
                "JSON.parse('-')",
                "SyntaxError: No number after minus sign in JSON at position 1 (line 1 column 2)",
            ),
            (
                "JSON.parse('1.')",
                "SyntaxError: Unterminated fractional number in JSON at position 2 (line 1 column 3)",
            ),
            (
                "JSON.parse('1e')",
                "SyntaxError: Exponent part is missing a number in JSON at position 2 \
              (line 1 column 3)",
            ),
            (
                "JSON.parse('01')",
                "SyntaxError: Unexpected number in JSON at position 1 (line 1 column 2)",
            ),
            (
                "['+1', '.5', '1.e1', 'tru', 'nul', '\\u00a01', '0x1', \"'a'\", '[', '{', '[1}', ',', \
              'NaN', '//', '\"\\t\"', '1e+', '--1', '\\ufeff1'].filter(t => { try { JSON.parse(t); \
              return true } catch (e) { return !(e instanceof SyntaxError) } }).length",
                "0",
            ),
        ]);
    }

    #[test]
    fn a_reviver_sees_every_value_after_those_inside_it() {
        table(&[
            (
                "JSON.parse('{\"a\":[1,2],\"b\":3}', (k, v) => Array.isArray(v) ? v.length : v).a",
                "2",
            ),
            (
                "var seen = []; JSON.parse('{\"a\":[1,{\"b\":2}]}', function (k, v) { \
              seen.push(k + (this === undefined)); return v }); seen.join()",
                "0false,bfalse,1false,afalse,false",
            ),
            (
                "JSON.stringify(JSON.parse('[1,2,3]', (k, v) => k === '1' ? undefined : v))",
                "[1,null,3]",
            ),
            ("1 in JSON.parse('[1,2,3]', (k, v) => k === '1' ? undefined : v)", "false"),
            ("JSON.parse('1', () => 'x')", "x"),
            ("JSON.parse('[1.0, 2]', (k, v, c) => c.source ?? v.join())", "1.0,2"),
            (
                "JSON.parse('[1, 2]', function (k, v, c) { if (k === '0') this[1] = 3; \
              return k === '1' ? String(c.source) : v })[1]",
                "undefined",
            ),
            ("JSON.parse('[]', () => { throw new RangeError('no') })", "RangeError: no"),
        ]);
    }

    #[test]
    fn values_are_written_as_the_standard_says() {
        table(&[
            (
                "JSON.stringify({ a: 1, b: 'x', c: [true, null], d: undefined, e() {}, f: Symbol() })",
                r#"{"a":1,"b":"x","c":[true,null]}"#,
            ),
            (
                "JSON.stringify([undefined, () => 1, Symbol(), NaN, -Infinity, -0, 1e21, 0.1])",
                "[null,null,null,null,null,0,1e+21,0.1]",
            ),
            (
                "[JSON.stringify(undefined), JSON.stringify(() => 1), JSON.stringify(Symbol())].join()",
                ",,",
            ),
            (
                r#"JSON.stringify('"\\\b\f\n\r\t\u0000\u001f\u007f/ü😀\u2028')"#,
                "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}/ü😀\u{2028}\"",
            ),
            (r"JSON.stringify('\ud83d') + JSON.stringify('a\ude00ü')", r#""\ud83d""a\ude00ü""#),
            ("JSON.stringify({ a: { toJSON(k) { return k + '!' } } })", r#"{"a":"a!"}"#),
            ("JSON.stringify(new Date(0))", r#""1970-01-01T00:00:00.000Z""#),
            (
                "JSON.stringify([new Number(1), new String('s'), new Boolean(false)])",
                r#"[1,"s",false]"#,
            ),
            ("JSON.stringify(Object.assign(new Number(3), { valueOf() { return 4 } }))", "4"),
            (
                "JSON.stringify({ a: new Map([[1, 2]]), b: new Set([1]), c: /x/, d: new Error('x') })",
                r#"{"a":{},"b":{},"c":{},"d":{}}"#,
            ),
            ("JSON.stringify(new Uint8Array([1, 2]))", r#"{"0":1,"1":2}"#),
            ("JSON.stringify(Object('ab'))", r#""ab""#),
            (
                "JSON.stringify(Object.create({ a: 1 }, { b: { value: 2 }, \
              c: { value: 3, enumerable: true } }))",
                r#"{"c":3}"#,
            ),
            (
                "JSON.stringify({ get a() { return 1 }, 2: 1, 1: 2, [Symbol()]: 3, '': 4 })",
                r#"{"1":2,"2":1,"a":1,"":4}"#,
            ),
            (
                "JSON.stringify(new Proxy({ a: 1 }, {})) + JSON.stringify(new Proxy([1], {}))",
                r#"{"a":1}[1]"#,
            ),
            ("JSON.stringify([1, , 3])", "[1,null,3]"),
            ("JSON.stringify({ __proto__: null, a: 1 })", r#"{"a":1}"#),
            (
                "JSON.stringify({ a: JSON.rawJSON('1.00'), b: { __proto__: null, rawJSON: 2 } })",
                r#"{"a":1.00,"b":{"rawJSON":2}}"#,
            ),
            ("JSON.stringify(JSON.stringify)", "undefined"),
            (
                "var k = []; JSON.stringify([[1], { toJSON(key) { k.push(typeof key) } }], \
              (key, v) => { k.push(typeof key); return v }); [...new Set(k)].join()",
                "string",
            ),
            ("JSON.stringify({ length: 2, 0: 1 })", r#"{"0":1,"length":2}"#),
            (
                "class A { #x = 1; y = 2; get z() { return 3 } }; JSON.stringify(new A)",
                r#"{"y":2}"#,
            ),
            ("(function () { return JSON.stringify(arguments) })(1, 2)", r#"{"0":1,"1":2}"#),
            (
                "var o = { get a() { delete this.b; return 1 }, b: 2, c: 3 }; JSON.stringify(o)",
                r#"{"a":1,"c":3}"#,
            ),
        ]);
    }

    #[test]
    fn replacers_and_blanks_form_what_is_written() {
        table(&[
            (
                "JSON.stringify({ a: 1, b: { a: 2, c: 3 } }, ['a', 'b', 'a'])",
                r#"{"a":1,"b":{"a":2}}"#,
            ),
            ("JSON.stringify({ 1: 1, x: 2, y: 3 }, [1, new String('x'), {}])", r#"{"1":1,"x":2}"#),
            ("JSON.stringify([{ a: 1 }], [])", "[{}]"),
            (
                "JSON.stringify({ a: 1, b: 'x' }, (k, v) => typeof v === 'number' ? v + 1 : v)",
                r#"{"a":2,"b":"x"}"#,
            ),
            (
                "JSON.stringify({ a: [1] }, function (k, v) { return k === '0' ? this.length : v })",
                r#"{"a":[1]}"#,
            ),
            ("JSON.stringify(1, () => undefined)", "undefined"),
            (
                "JSON.stringify({ a: [1, { b: [] }], c: {} }, null, 2)",
                "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}",
            ),
            ("JSON.stringify([1], null, '\\t')", "[\n\t1\n]"),
            ("JSON.stringify([1], null, 20).length", "15"),
            ("JSON.stringify([1], null, new Number(1))", "[\n 1\n]"),
            ("JSON.stringify([1], null, 'abcdefghijklm')", "[\nabcdefghij1\n]"),
            ("JSON.stringify({ a: 1 }, null, -1)", r#"{"a":1}"#),
            ("JSON.stringify({ d: new Date(0) }, (k, v) => typeof v)", r#""object""#),
        ]);
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        table(&[
            (
                "var a = {}; a.b = [a]; JSON.stringify(a)",
                "TypeError: Converting circular structure to JSON",
            ),
            ("var b = [1]; JSON.stringify([b, b])", "[[1],[1]]"),
            ("JSON.stringify({ a: 1n })", "TypeError: Do not know how to serialize a BigInt"),
            (
                "BigInt.prototype.toJSON = function () { return String(this) }; \
              var text = JSON.stringify([1n]); delete BigInt.prototype.toJSON; text",
                "[\"1\"]",
            ),
            ("JSON.stringify({ get a() { throw new RangeError('mine') } })", "RangeError: mine"),
            ("JSON.stringify({ toJSON() { throw 1 } })", "1"),
            (
                "var deep = []; for (var i = 0; i < 2000; i++) deep = [deep]; JSON.stringify(deep)",
                "RangeError: what is to be JSON is nested more than 1000 deep",
            ),
            (
                "var deep = 1; for (var i = 0; i < 1000; i++) deep = [deep]; \
              JSON.parse(JSON.stringify(deep)).length",
                "1",
            ),
            (
                "JSON.parse('['.repeat(100000))",
                "RangeError: JSON is nested more than 1000 deep at position 1000",
            ),
            (
                "JSON.parse('{\"a\":'.repeat(1001) + '1' + '}'.repeat(1001))",
                "RangeError: JSON is nested more than 1000 deep at position 5000",
            ),
            (
                "var p = Proxy.revocable([], {}); p.revoke(); try { JSON.stringify(p.proxy) } \
              catch (e) { e.name }",
                "TypeError",
            ),
            (
                "var n = 0; var e = { toJSON() { return n++ < 5000 ? { e } : 1 } }; \
              try { JSON.stringify(e) } catch (e) { e.name }",
                "RangeError",
            ),
        ]);
    }

    #[test]
    fn this_program_reads_and_writes_the_same() {
        let mut context = context();
        for text in [r#"{"a":[1,2.5,"ü",null,true],"b":{}}"#, "[]", "\"😀\"", "-7"] {
            let value = super::read(text, &mut context).expect("reads");
            let written = super::write(&value, &mut context).expect("writes");
            assert_eq!(written.as_deref(), Some(text));
        }
        assert!(super::read("{", &mut context).is_err());
    }

    #[test]
    fn what_was_written_reads_the_same_whatever_it_was() {
        on_large_stack(|| {
            let mut context = context();
            let script = "var s = ''; for (var i = 0; i < 0x300; i++) s += String.fromCharCode(i); \
                          for (var i = 0xd7f0; i < 0xe010; i++) s += String.fromCharCode(i); \
                          JSON.parse(JSON.stringify(s)) === s && \
                          JSON.parse(JSON.stringify({ [s]: s }))[s] === s";
            assert_eq!(eval_in(script, &mut context), "true");
        });
        assert_eq!(
            eval("JSON.parse(JSON.stringify([5e-324, 1.7976931348623157e308]))[0]"),
            "5e-324"
        );
    }
}
