//! Classes for scripts: described in a table, built when one is first asked for.
//!
//! A context pays for the classes that its scripts touch. What a class does is in
//! the file of its noun; here is only how it comes to be one.

use std::{cell::RefCell, collections::HashMap};

use boa_engine::{
    Context, JsNativeError, JsObject, JsResult, JsString, JsSymbol, JsValue, NativeFunction,
    context::intrinsics::StandardConstructor,
    js_string,
    object::{ConstructorBuilder, FunctionObjectBuilder, NativeObject},
    property::{Attribute, PropertyDescriptor},
};

/// A function as the engine calls it: `this`, the arguments, the context.
pub(crate) type Native = fn(&JsValue, &[JsValue], &mut Context) -> JsResult<JsValue>;

/// A class as a table.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    /// Arguments that the constructor has to get.
    pub(crate) length: usize,
    pub(crate) parent: Parent,
    /// Called with the new object's constructor as `this`.
    pub(crate) make: Native,
    pub(crate) methods: &'static [(&'static str, usize, Native)],
    pub(crate) getters: &'static [(&'static str, Native)],
    /// Of properties that have a getter.
    pub(crate) setters: &'static [(&'static str, Native)],
    pub(crate) statics: &'static [(&'static str, usize, Native)],
    /// The method that `for … of` calls.
    pub(crate) iterated: Option<Native>,
    /// The method that `for await … of` calls.
    pub(crate) awaited: Option<Native>,
}

/// What a class extends.
pub(crate) enum Parent {
    Nothing,
    Error,
    Class(&'static Class),
}

/// A class with nothing in it, which scripts cannot make.
pub(crate) const BARE: Class = Class {
    name: "",
    length: 0,
    parent: Parent::Nothing,
    make: not_by_scripts,
    methods: &[],
    getters: &[],
    setters: &[],
    statics: &[],
    iterated: None,
    awaited: None,
};

fn not_by_scripts(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    Err(type_error("Illegal constructor"))
}

/// The classes that a context has built so far, by where they are described.
#[derive(Default)]
pub(crate) struct Built(RefCell<HashMap<usize, StandardConstructor>>);

impl Class {
    /// The constructor and the prototype, built if nobody asked before.
    pub(crate) fn built(&'static self, context: &mut Context) -> StandardConstructor {
        if let Some(Built(known)) = context.get_data::<Built>()
            && let Some(known) = known.borrow().get(&self.key())
        {
            return known.clone();
        }
        let built = self.build(context);
        if let Some(Built(known)) = context.get_data::<Built>() {
            known.borrow_mut().insert(self.key(), built.clone());
        }
        built
    }

    /// Tells classes apart: two may have one name.
    fn key(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn build(&'static self, context: &mut Context) -> StandardConstructor {
        let parent = match self.parent {
            Parent::Nothing => None,
            Parent::Error => Some(context.intrinsics().constructors().error().clone()),
            Parent::Class(parent) => Some(parent.built(context)),
        };
        let mut accessors = Vec::with_capacity(self.getters.len());
        for (name, get) in self.getters {
            let set = self.setters.iter().find(|(known, _)| known == name).map(|(_, set)| *set);
            let get = function(name, 0, *get, context);
            let set = set.map(|set| function(name, 1, set, context));
            accessors.push((*name, get, set));
        }
        let iterated = self.iterated.map(|iterate| function("entries", 0, iterate, context));
        let awaited = self.awaited.map(|iterate| function("values", 0, iterate, context));
        let mut builder = ConstructorBuilder::new(context, NativeFunction::from_fn_ptr(self.make));
        builder.name(self.name).length(self.length);
        if let Some(parent) = parent {
            builder.inherit(parent.prototype()).custom_prototype(parent.constructor());
        }
        for (name, length, method) in self.methods {
            builder.method(NativeFunction::from_fn_ptr(*method), JsString::from(*name), *length);
        }
        for (name, length, method) in self.statics {
            let method = NativeFunction::from_fn_ptr(*method);
            builder.static_method(method, JsString::from(*name), *length);
        }
        let plain = Attribute::CONFIGURABLE | Attribute::ENUMERABLE;
        for (name, get, set) in accessors {
            builder.accessor(JsString::from(name), Some(get), set, plain);
        }
        let hidden = Attribute::CONFIGURABLE | Attribute::WRITABLE;
        if let Some(iterate) = iterated {
            builder.property(JsSymbol::iterator(), iterate, hidden);
        }
        if let Some(iterate) = awaited {
            builder.property(JsSymbol::async_iterator(), iterate, hidden);
        }
        let tag = JsString::from(self.name);
        builder.property(JsSymbol::to_string_tag(), tag, Attribute::CONFIGURABLE);
        builder.build()
    }

    /// An object of this class.
    pub(crate) fn object<T: NativeObject>(
        &'static self,
        data: T,
        context: &mut Context,
    ) -> JsObject<T> {
        let prototype = self.built(context).prototype();
        JsObject::new(context.root_shape(), prototype, data)
    }

    /// What `new` makes, of this class or of one that extends it.
    pub(crate) fn construct<T: NativeObject>(
        &'static self,
        new_target: &JsValue,
        data: T,
        context: &mut Context,
    ) -> JsResult<JsObject<T>> {
        self.asked_with_new(new_target)?;
        let prototype = match new_target.as_object() {
            Some(target) => target.get(js_string!("prototype"), context)?.as_object(),
            None => None,
        };
        let prototype = prototype.unwrap_or_else(|| self.built(context).prototype());
        Ok(JsObject::new(context.root_shape(), prototype, data))
    }

    /// Refuses a call without `new`.
    pub(crate) fn asked_with_new(&self, new_target: &JsValue) -> JsResult<()> {
        if new_target.is_undefined() {
            return Err(type_error(format!("{} has to be called with `new`", self.name)));
        }
        Ok(())
    }

    /// The object that a method was called on.
    pub(crate) fn own<T: NativeObject>(&self, this: &JsValue) -> JsResult<JsObject<T>> {
        of::<T>(this).ok_or_else(|| type_error(format!("this is no {}", self.name)))
    }
}

/// The object behind a value, if it is of that kind.
pub(crate) fn of<T: NativeObject>(value: &JsValue) -> Option<JsObject<T>> {
    value.as_object()?.downcast::<T>().ok()
}

/// Looks into an object, or changes it. No script runs meanwhile: it could want the
/// same object.
pub(crate) fn with<T: NativeObject, R>(object: &JsObject<T>, what: impl FnOnce(&mut T) -> R) -> R {
    what(object.borrow_mut().data_mut())
}

/// A function under a name.
pub(super) fn function(
    name: &str,
    length: usize,
    native: Native,
    context: &Context,
) -> boa_engine::object::builtins::JsFunction {
    FunctionObjectBuilder::new(context.realm(), NativeFunction::from_fn_ptr(native))
        .name(JsString::from(name))
        .length(length)
        .build()
}

/// Puts a class's name into the global object. It is built when it is first read.
pub(super) fn offer(class: &'static Class, context: &mut Context) -> JsResult<()> {
    // The getter stays for good: the engine remembers at a place that reads a
    // property whether it was a getter, and is not told when that changes.
    let get = NativeFunction::from_copy_closure(move |_, _, context| {
        if let Some(Replaced(known)) = context.get_data::<Replaced>()
            && let Some(value) = known.borrow().get(class.name)
        {
            return Ok(value.clone());
        }
        Ok(class.built(context).constructor().into())
    });
    let set = NativeFunction::from_copy_closure(move |_, arguments, context| {
        let value = arguments.first().cloned().unwrap_or_default();
        if let Some(Replaced(known)) = context.get_data::<Replaced>() {
            known.borrow_mut().insert(class.name, value);
        }
        Ok(JsValue::undefined())
    });
    let property = PropertyDescriptor::builder()
        .get(get.to_js_function(context.realm()))
        .set(set.to_js_function(context.realm()))
        .enumerable(false)
        .configurable(true);
    let global = context.global_object();
    global.define_property_or_throw(JsString::from(class.name), property, context)?;
    Ok(())
}

/// What scripts put in place of a global class.
#[derive(Default)]
pub(super) struct Replaced(RefCell<HashMap<&'static str, JsValue>>);

/// A `TypeError`.
pub(crate) fn type_error(
    message: impl Into<std::borrow::Cow<'static, str>>,
) -> boa_engine::JsError {
    JsNativeError::typ().with_message(message).into()
}

/// A `RangeError`.
pub(super) fn range_error(
    message: impl Into<std::borrow::Cow<'static, str>>,
) -> boa_engine::JsError {
    JsNativeError::range().with_message(message).into()
}
