//! A getter that puts a value in its own place, as lazy values are written everywhere.
//!
//! Covers: where a property is read by name, the engine remembers the shape that the object
//! has *after* the getter ran, with the place of the getter *before*. The next read there
//! calls the value as if it were a getter, or the getter of the prototype once more. So a
//! value that takes a getter's place stays behind a getter, which nobody sees, and a getter
//! of a prototype looks first whether the object has the value by now.

use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsValue, NativeFunction, js_string,
    object::{FunctionObjectBuilder, builtins::JsFunction},
    property::{PropertyDescriptor, PropertyKey},
};

use super::{originals, put};

/// Puts the functions in place that define and describe properties.
pub(super) fn install(object: &JsObject, reflect: &JsObject, context: &Context) {
    put(object, "defineProperty", 3, define, context);
    put(reflect, "defineProperty", 3, reflect_define, context);
    put(object, "getOwnPropertyDescriptor", 2, describe, context);
    put(reflect, "getOwnPropertyDescriptor", 2, reflect_describe, context);
    put(object, "getOwnPropertyDescriptors", 1, describe_all, context);
}

fn define(this: &JsValue, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let own = originals(context)?.define.clone();
    defined(&own, this, given, context)
}

fn reflect_define(this: &JsValue, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let own = originals(context)?.reflect_define.clone();
    defined(&own, this, given, context)
}

fn describe(this: &JsValue, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let own = originals(context)?.describe.clone();
    let described = own.call(this, given, context)?;
    shown(described, context)
}

fn reflect_describe(this: &JsValue, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let own = originals(context)?.reflect_describe.clone();
    let described = own.call(this, given, context)?;
    shown(described, context)
}

fn describe_all(this: &JsValue, given: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let own = originals(context)?.describe_all.clone();
    let all = own.call(this, given, context)?;
    if let Some(all) = all.as_object() {
        for key in all.own_property_keys(context)? {
            let described = all.get(key.clone(), context)?;
            let described = shown(described, context)?;
            all.create_data_property(key, described, context)?;
        }
    }
    Ok(all)
}

/// Defines a property by the engine's own function.
fn defined(
    own: &JsFunction,
    this: &JsValue,
    given: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    let [object, name, wanted, ..] = given else { return own.call(this, given, context) };
    // What else stands for a name may do anything when it is asked for it.
    let named = name.is_string() || name.is_symbol();
    let (Some(object), Some(wanted), true) = (object.as_object(), wanted.as_object(), named) else {
        return own.call(this, given, context);
    };
    let key = name.to_property_key(context)?;
    let before = object.borrow().properties().get(&key);
    let Some(before) = before else {
        look_first(&object, &key, name, context)?;
        return own.call(this, given, context);
    };
    let has = |name: &str, context: &mut Context| wanted.has_property(js_string!(name), context);
    if !is_getter(&before)
        || !has("value", context)?
        || has("get", context)?
        || has("set", context)?
    {
        return own.call(this, given, context);
    }
    let behind = behind(&wanted, &before, context)?;
    behind.create_data_property(js_string!("of"), object.clone(), context)?;
    behind.create_data_property(js_string!("name"), name.clone(), context)?;
    let get = NativeFunction::from_copy_closure_with_captures(
        |_, _, behind: &JsObject, context| behind.get(js_string!("value"), context),
        behind.clone(),
    );
    let get = hiding(get, behind.clone(), context)?;
    let accessor = JsObject::with_null_proto();
    accessor.create_data_property(js_string!("get"), get, context)?;
    if flag(&behind, "writable", context)? {
        let set = NativeFunction::from_copy_closure_with_captures(assign, behind.clone());
        let set = FunctionObjectBuilder::new(context.realm(), set).length(1).build();
        accessor.create_data_property(js_string!("set"), set, context)?;
    } else {
        accessor.create_data_property(js_string!("set"), JsValue::undefined(), context)?;
    }
    for name in ["enumerable", "configurable"] {
        let value = flag(&behind, name, context)?;
        accessor.create_data_property(js_string!(name), value, context)?;
    }
    own.call(this, &[object.into(), name.clone(), accessor.into()], context)
}

/// Whether reading a property calls a function, which may change what it is.
fn is_getter(property: &PropertyDescriptor) -> bool {
    let get = property.get().and_then(JsValue::as_callable);
    get.is_some() && property.configurable() == Some(true)
}

fn flag(object: &JsObject, name: &str, context: &mut Context) -> JsResult<bool> {
    Ok(object.get(js_string!(name), context)?.to_boolean())
}

/// The property as it is asked for, where what is not said stays as it was.
fn behind(
    wanted: &JsObject,
    before: &PropertyDescriptor,
    context: &mut Context,
) -> JsResult<JsObject> {
    let was_writable = match hidden(before.get(), context)? {
        Some(hidden) => flag(&hidden, "writable", context)?,
        None => false,
    };
    let behind = JsObject::with_null_proto();
    let value = wanted.get(js_string!("value"), context)?;
    behind.create_data_property(js_string!("value"), value, context)?;
    for (name, was) in [
        ("writable", was_writable),
        ("enumerable", before.enumerable() == Some(true)),
        ("configurable", before.configurable() == Some(true)),
    ] {
        let said = wanted.has_property(js_string!(name), context)?;
        let value = if said { flag(wanted, name, context)? } else { was };
        behind.create_data_property(js_string!(name), value, context)?;
    }
    Ok(behind)
}

/// Writes to a value that stays behind a getter.
fn assign(
    this: &JsValue,
    given: &[JsValue],
    behind: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    let value = given.first().cloned().unwrap_or_default();
    let name = behind.get(js_string!("name"), context)?;
    let Some(object) = this.as_object() else { return Ok(JsValue::undefined()) };
    let of = behind.get(js_string!("of"), context)?;
    if !of.as_object().is_some_and(|of| JsObject::equals(&of, &object)) {
        // It is only inherited: the object gets one of its own.
        let key = name.to_property_key(context)?;
        object.create_data_property_or_throw(key, value, context)?;
        return Ok(JsValue::undefined());
    }
    let key = name.to_property_key(context)?;
    let now = object.borrow().properties().get(&key);
    let is_frozen = now.is_some_and(|now| now.configurable() == Some(false));
    if is_frozen && flag(behind, "configurable", context)? {
        let what = format!("cannot assign to read only property '{}'", key_text(&key));
        return Err(JsNativeError::typ().with_message(what).into());
    }
    behind.create_data_property(js_string!("value"), value, context)?;
    Ok(JsValue::undefined())
}

fn key_text(key: &PropertyKey) -> String {
    match key {
        PropertyKey::String(name) => name.to_std_string_escaped(),
        key => key.to_string(),
    }
}

/// Has a prototype's getter look first whether the object has a value of its own by now.
fn look_first(
    object: &JsObject,
    key: &PropertyKey,
    name: &JsValue,
    context: &mut Context,
) -> JsResult<()> {
    let Some(prototype) = object.prototype() else { return Ok(()) };
    let property = prototype.borrow().properties().get(key);
    let Some(property) = property.filter(is_getter) else { return Ok(()) };
    if hidden(property.get(), context)?.is_some() {
        return Ok(());
    }
    let own = property.get().cloned().unwrap_or_default();
    let behind = JsObject::with_null_proto();
    behind.create_data_property(js_string!("get"), own, context)?;
    behind.create_data_property(js_string!("name"), name.clone(), context)?;
    let get = NativeFunction::from_copy_closure_with_captures(look, behind.clone());
    let get = hiding(get, behind, context)?;
    let looking = PropertyDescriptor::builder()
        .get(JsValue::from(get))
        .set(property.set().cloned().unwrap_or_default())
        .enumerable(property.enumerable() == Some(true))
        .configurable(true);
    prototype.insert_property(key.clone(), looking);
    Ok(())
}

fn look(
    this: &JsValue,
    _: &[JsValue],
    behind: &JsObject,
    context: &mut Context,
) -> JsResult<JsValue> {
    if let Some(object) = this.as_object() {
        let key = behind.get(js_string!("name"), context)?.to_property_key(context)?;
        let own = object.borrow().properties().get(&key);
        if let Some(own) = own {
            if let Some(value) = own.value() {
                return Ok(value.clone());
            }
            // A value behind a getter is read by that.
            if let Some(value) = hidden(own.get(), context)?
                && value.has_property(js_string!("value"), context)?
            {
                return value.get(js_string!("value"), context);
            }
        }
    }
    let get = behind.get(js_string!("get"), context)?;
    match get.as_callable() {
        Some(get) => get.call(this, &[], context),
        None => Ok(JsValue::undefined()),
    }
}

/// A getter that hides what a script is to see in its place.
fn hiding(get: NativeFunction, behind: JsObject, context: &mut Context) -> JsResult<JsFunction> {
    let get = FunctionObjectBuilder::new(context.realm(), get).length(0).build();
    let symbol = originals(context)?.behind.clone();
    get.create_data_property(symbol, behind, context)?;
    Ok(get)
}

/// What a getter hides, if it is one of these.
fn hidden(get: Option<&JsValue>, context: &mut Context) -> JsResult<Option<JsObject>> {
    let Some(get) = get.and_then(JsValue::as_object) else { return Ok(None) };
    let symbol = originals(context)?.behind.clone();
    let own = get.borrow().properties().get(&PropertyKey::Symbol(symbol));
    Ok(own.as_ref().and_then(PropertyDescriptor::value).and_then(JsValue::as_object))
}

/// A property's description as it would be without any of this.
fn shown(described: JsValue, context: &mut Context) -> JsResult<JsValue> {
    let Some(description) = described.as_object() else { return Ok(described) };
    let get = description.get(js_string!("get"), context)?;
    let Some(behind) = hidden(Some(&get), context)? else { return Ok(described) };
    if behind.has_property(js_string!("get"), context)? {
        let get = behind.get(js_string!("get"), context)?;
        description.create_data_property(js_string!("get"), get, context)?;
        return Ok(described);
    }
    let shown = JsObject::with_object_proto(context.intrinsics());
    for name in ["value", "writable", "enumerable", "configurable"] {
        // Freezing changes the last two.
        let from =
            if ["enumerable", "configurable"].contains(&name) { &description } else { &behind };
        let value = from.get(js_string!(name), context)?;
        shown.create_data_property(js_string!(name), value, context)?;
    }
    let is_frozen = !flag(&description, "configurable", context)?;
    if is_frozen && flag(&behind, "configurable", context)? {
        shown.create_data_property(js_string!("writable"), false, context)?;
    }
    Ok(shown.into())
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;

    #[test]
    fn a_getter_may_put_a_value_in_its_place() {
        table(&[
            // Its own, read twice at one place.
            (
                "const lazy = () => ({ get v() { const x = { n: 1 };
                   Object.defineProperty(this, 'v', { value: x }); return x } });
                 const read = o => o.v; const a = lazy();
                 String(read(a) === read(a)) + read(a).n + read(lazy()).n",
                "true11",
            ),
            // The object is changed by then, and others like it follow.
            (
                "const b = lazy(), c = lazy(); b.v; c.v;
                 const other = o => o.v.n; [b, c, lazy(), b, c].map(other).join()",
                "1,1,1,1,1",
            ),
            // A prototype's.
            (
                "class L { get v() { const x = { n: L.n++ };
                   Object.defineProperty(this, 'v', { value: x }); return x } }
                 L.n = 0; const third = o => o.v; const d = new L(), e = new L();
                 [third(d), third(d), third(e), third(d), third(e)].map(x => x.n).join()",
                "0,0,1,0,1",
            ),
            (
                "Object.getOwnPropertyDescriptor(L.prototype, 'v').get.toString().includes('L.n++')",
                "true",
            ),
            ("L.prototype.v.n", "2"),
            // A setter that does the same.
            (
                "const both = {}; Object.defineProperty(both, 'v', { configurable: true,
                   get() { return 1 }, set(v) { Object.defineProperty(both, 'v', { value: v }) } });
                 const write = (o, v) => { o.v = v }; write(both, { n: 5 }); both.v.n",
                "5",
            ),
            ("'use strict'; try { write(both, 6) } catch {} both.v.n", "5"),
        ]);
    }

    #[test]
    fn nobody_sees_what_stands_behind() {
        table(&[
            (
                "const o = { get v() { return 1 }, w: 1 };
                 Object.defineProperty(o, 'v', { value: 2, writable: true });
                 JSON.stringify(Object.getOwnPropertyDescriptor(o, 'v'))",
                r#"{"value":2,"writable":true,"enumerable":true,"configurable":true}"#,
            ),
            ("JSON.stringify(Object.getOwnPropertyDescriptors(o).v.value)", "2"),
            ("Reflect.getOwnPropertyDescriptor(o, 'v').writable", "true"),
            ("JSON.stringify(o) + Object.keys(o)", r#"{"v":2,"w":1}v,w"#),
            ("o.v = 3; o.v + JSON.stringify({ ...o })", r#"3{"v":3,"w":1}"#),
            (
                "const child = Object.create(o); child.v = 4; [o.v, child.v, Object.hasOwn(child, 'v')].join()",
                "3,4,true",
            ),
            (
                "Object.defineProperty(o, 'v', { value: 5 }); Object.getOwnPropertyDescriptor(o, 'v').writable",
                "true",
            ),
            (
                "Object.freeze(o); (() => { 'use strict'; try { o.v = 6 } catch (e) { return e.name + o.v } })()",
                "TypeError5",
            ),
            ("Object.getOwnPropertyDescriptor(o, 'v').writable", "false"),
            // What it does not concern is as it was.
            ("Reflect.defineProperty({}, 'a', { value: 1 })", "true"),
            ("try { Object.defineProperty(1, 'a', {}) } catch (e) { e.name }", "TypeError"),
            (
                "const p = { get a() { return 1 } }; Object.defineProperty(p, 'a', { get() { return 2 } }); p.a",
                "2",
            ),
            (
                "try { Object.defineProperty({ get a() {} }, 'a', { value: 1, get() {} }) }
                 catch (e) { e.name }",
                "TypeError",
            ),
            ("Object.getOwnPropertyDescriptor({}, 'a')", "undefined"),
        ]);
    }
}
