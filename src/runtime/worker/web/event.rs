//! `Event`, `CustomEvent` and `EventTarget`.
//!
//! There is no tree to travel: an event goes to the listeners of its target, and
//! nowhere else.

use boa_engine::{
    Context, Finalize, JsData, JsObject, JsResult, JsString, JsValue, Trace, js_string,
};

use super::{
    abort::Signal,
    class::{BARE, Class, Parent, of, type_error, with},
    exception::exception,
    values::{argument, member, needed, option},
};

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
#[expect(clippy::struct_excessive_bools, reason = "the standard's own flags")]
pub(super) struct Event {
    kind: JsString,
    bubbles: bool,
    cancelable: bool,
    composed: bool,
    prevented: bool,
    stopped: bool,
    going: bool,
    target: Option<JsObject>,
    detail: JsValue,
    time: f64,
}

/// What can be listened to; an `AbortSignal` is one.
#[derive(Default, Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Target {
    listeners: Vec<Listener>,
    pub(super) signal: Option<Signal>,
}

#[derive(Clone, Trace, Finalize)]
#[boa_gc(unsafe_no_drop)]
struct Listener {
    kind: JsString,
    callback: JsObject,
    capture: bool,
    once: bool,
    passive: bool,
}

pub(super) static EVENT: Class = Class {
    name: "Event",
    length: 1,
    make: make_event,
    getters: &[
        ("type", |this, _, _| get(this, |event| event.kind.clone().into())),
        ("target", |this, _, _| get(this, target_of)),
        ("srcElement", |this, _, _| get(this, target_of)),
        ("currentTarget", |this, _, _| {
            get(this, |event| if event.going { target_of(event) } else { JsValue::null() })
        }),
        ("eventPhase", |this, _, _| get(this, |event| (if event.going { 2 } else { 0 }).into())),
        ("bubbles", |this, _, _| get(this, |event| event.bubbles.into())),
        ("cancelable", |this, _, _| get(this, |event| event.cancelable.into())),
        ("composed", |this, _, _| get(this, |event| event.composed.into())),
        ("defaultPrevented", |this, _, _| get(this, |event| event.prevented.into())),
        ("isTrusted", |_, _, _| Ok(false.into())),
        ("timeStamp", |this, _, _| get(this, |event| event.time.into())),
    ],
    methods: &[
        ("preventDefault", 0, |this, _, _| {
            get(this, |event| {
                event.prevented |= event.cancelable;
                JsValue::undefined()
            })
        }),
        ("stopPropagation", 0, |_, _, _| Ok(JsValue::undefined())),
        ("stopImmediatePropagation", 0, |this, _, _| {
            get(this, |event| {
                event.stopped = true;
                JsValue::undefined()
            })
        }),
    ],
    ..BARE
};

pub(super) static CUSTOM_EVENT: Class = Class {
    name: "CustomEvent",
    length: 1,
    parent: Parent::Class(&EVENT),
    make: |new_target, arguments, context| construct(&CUSTOM_EVENT, new_target, arguments, context),
    getters: &[("detail", |this, _, _| get(this, |event| event.detail.clone()))],
    ..BARE
};

pub(super) static TARGET: Class = Class {
    name: "EventTarget",
    make: |new_target, _, context| {
        Ok(TARGET.construct(new_target, Target::default(), context)?.upcast().into())
    },
    methods: &[
        ("addEventListener", 2, add),
        ("removeEventListener", 2, remove),
        ("dispatchEvent", 1, dispatch),
    ],
    ..BARE
};

fn make_event(
    new_target: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    construct(&EVENT, new_target, arguments, context)
}

fn construct(
    class: &'static Class,
    new_target: &JsValue,
    arguments: &[JsValue],
    context: &mut Context,
) -> JsResult<JsValue> {
    class.asked_with_new(new_target)?;
    let kind = needed(arguments, 0)?.to_string(context)?;
    let options = argument(arguments, 1);
    let mut flag = |name: &str| -> JsResult<bool> {
        Ok(option(&options, name, context)?.is_some_and(|value| value.to_boolean()))
    };
    let (bubbles, cancelable, composed) =
        (flag("bubbles")?, flag("cancelable")?, flag("composed")?);
    let detail = option(&options, "detail", context)?.unwrap_or(JsValue::null());
    let mut event = Event { bubbles, cancelable, composed, detail, ..Event::of(kind, context) };
    event.target = None;
    Ok(class.construct(new_target, event, context)?.upcast().into())
}

fn get(this: &JsValue, read: impl FnOnce(&mut Event) -> JsValue) -> JsResult<JsValue> {
    Ok(with(&EVENT.own::<Event>(this)?, read))
}

fn target_of(event: &mut Event) -> JsValue {
    event.target.clone().map_or(JsValue::null(), JsValue::from)
}

impl Event {
    pub(super) fn of(kind: JsString, context: &Context) -> Self {
        Self {
            kind,
            bubbles: false,
            cancelable: false,
            composed: false,
            prevented: false,
            stopped: false,
            going: false,
            target: None,
            detail: JsValue::null(),
            time: super::performance::now(context),
        }
    }
}

/// The target behind `this`; a call without one means the global object, which is
/// none here.
fn target(this: &JsValue) -> JsResult<JsObject<Target>> {
    TARGET.own(this)
}

/// How a listener is told apart from another of the same function.
fn captures(options: &JsValue, context: &mut Context) -> JsResult<bool> {
    if options.is_object() {
        return Ok(option(options, "capture", context)?.is_some_and(|value| value.to_boolean()));
    }
    Ok(options.to_boolean())
}

fn add(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let target = target(this)?;
    let kind = needed(arguments, 0)?.to_string(context)?;
    let options = argument(arguments, 2);
    let Some(callback) = argument(arguments, 1).as_object() else {
        return Ok(JsValue::undefined());
    };
    let capture = captures(&options, context)?;
    let flag = |name: &str, context: &mut Context| -> JsResult<bool> {
        let Some(options) = options.as_object() else { return Ok(false) };
        Ok(member(&options, name, context)?.is_some_and(|value| value.to_boolean()))
    };
    let (once, passive) = (flag("once", context)?, flag("passive", context)?);
    if let Some(options) = options.as_object()
        && let Some(signal) = member(&options, "signal", context)?
    {
        let signal = of::<Target>(&signal).filter(|signal| with(signal, |s| s.signal.is_some()));
        let signal = signal.ok_or_else(|| type_error("signal has to be an AbortSignal"))?;
        if super::abort::reason(&signal).is_some() {
            return Ok(JsValue::undefined());
        }
        super::abort::on_abort(
            &signal,
            (target.clone(), kind.clone(), callback.clone()),
            {
                move |(target, kind, callback), _| {
                    with(target, |target| target.forget(kind, callback, capture));
                }
            },
            context,
        );
    }
    let listener = Listener { kind, callback, capture, once, passive };
    with(&target, |target| {
        let same = |known: &Listener| {
            known.kind == listener.kind
                && JsObject::equals(&known.callback, &listener.callback)
                && known.capture == listener.capture
        };
        if !target.listeners.iter().any(same) {
            target.listeners.push(listener);
        }
    });
    Ok(JsValue::undefined())
}

impl Target {
    fn forget(&mut self, kind: &JsString, callback: &JsObject, capture: bool) {
        self.listeners.retain(|known| {
            known.kind != *kind
                || !JsObject::equals(&known.callback, callback)
                || known.capture != capture
        });
    }
}

fn remove(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let target = target(this)?;
    let kind = needed(arguments, 0)?.to_string(context)?;
    let capture = captures(&argument(arguments, 2), context)?;
    if let Some(callback) = argument(arguments, 1).as_object() {
        with(&target, |target| target.forget(&kind, &callback, capture));
    }
    Ok(JsValue::undefined())
}

fn dispatch(this: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let target = target(this)?;
    let event = of::<Event>(needed(arguments, 0)?);
    let event = event.ok_or_else(|| type_error("dispatchEvent needs an Event"))?;
    if with(&event, |event| event.going) {
        return Err(exception("InvalidStateError", "the event is under way already", context));
    }
    send(&target, &event, context)?;
    Ok((!with(&event, |event| event.prevented)).into())
}

/// Gives an event to the listeners of a target. What they throw is logged.
pub(super) fn send(
    target: &JsObject<Target>,
    event: &JsObject<Event>,
    context: &mut Context,
) -> JsResult<()> {
    let this = target.clone().upcast();
    let kind = with(event, |event| {
        event.target = Some(this.clone());
        event.going = true;
        event.stopped = false;
        event.kind.clone()
    });
    let given = JsValue::from(event.clone().upcast());
    if with(target, |target| target.signal.is_some()) {
        let handler = this.get(JsString::from(format!("on{}", kind.display_lossy())), context)?;
        if let Some(handler) = handler.as_function()
            && let Err(error) =
                handler.call(&this.clone().into(), std::slice::from_ref(&given), context)
        {
            report(error, context);
        }
    }
    let listeners = with(target, |target| target.listeners.clone());
    for listener in listeners.into_iter().filter(|listener| listener.kind == kind) {
        if with(event, |event| event.stopped) {
            break;
        }
        let Listener { callback, capture, once, passive, .. } = listener;
        let still = with(target, |target| {
            let known = |known: &Listener| {
                known.kind == kind && JsObject::equals(&known.callback, &callback)
            };
            target.listeners.iter().any(known)
        });
        if !still {
            continue;
        }
        if once {
            with(target, |target| target.forget(&kind, &callback, capture));
        }
        let before = with(event, |event| event.prevented);
        let called = if callback.is_callable() {
            callback.call(&this.clone().into(), std::slice::from_ref(&given), context)
        } else {
            callback.get(js_string!("handleEvent"), context).and_then(|method| {
                let method = method.as_function();
                let method = method.ok_or_else(|| type_error("handleEvent is no function"))?;
                method.call(&callback.clone().into(), std::slice::from_ref(&given), context)
            })
        };
        if passive {
            with(event, |event| event.prevented = before);
        }
        if let Err(error) = called {
            report(error, context);
        }
    }
    with(event, |event| event.going = false);
    Ok(())
}

/// Logs what nobody is there to catch.
pub(crate) fn report(error: boa_engine::JsError, context: &mut Context) {
    let Ok(value) = error.into_opaque(context) else { return };
    let console = context.global_object().get(js_string!("console"), context);
    let Some(console) = console.ok().and_then(|console| console.as_object()) else { return };
    let method = console.get(js_string!("error"), context);
    if let Some(method) = method.ok().and_then(|method| method.as_function()) {
        // A log that cannot be written stops nobody.
        let _ = method.call(&console.into(), &[value], context);
    }
}
