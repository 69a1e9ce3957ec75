//! `AbortController` and `AbortSignal`: one side says "enough", the other hears it.

use std::rc::Rc;

use boa_engine::{
    Context, Finalize, JsData, JsError, JsObject, JsResult, JsValue, Trace,
    job::{Job, NativeJob, TimeoutJob},
    js_string,
    object::builtins::JsFunction,
};

use super::{
    class::{BARE, Class, Parent, of, range_error, type_error, with},
    event::{EVENT, Event, TARGET, Target, send},
    exception::object,
    values::{argument, callback, iterate, needed},
};

/// What makes an event target a signal.
#[derive(Default, Trace, Finalize)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Signal {
    /// Why it was aborted, once it was.
    reason: Option<JsValue>,
    /// Called before the listeners of scripts.
    first: Vec<JsFunction>,
    handler: JsValue,
}

#[derive(Trace, Finalize, JsData)]
#[boa_gc(unsafe_no_drop)]
pub(super) struct Controller {
    signal: JsObject<Target>,
}

pub(super) static CONTROLLER: Class = Class {
    name: "AbortController",
    make: |new_target, _, context| {
        let signal = signal(context);
        Ok(CONTROLLER.construct(new_target, Controller { signal }, context)?.upcast().into())
    },
    getters: &[("signal", |this, _, _| {
        let controller = CONTROLLER.own::<Controller>(this)?;
        Ok(with(&controller, |controller| controller.signal.clone()).upcast().into())
    })],
    methods: &[("abort", 0, |this, arguments, context| {
        let controller = CONTROLLER.own::<Controller>(this)?;
        let signal = with(&controller, |controller| controller.signal.clone());
        let reason = reason_or_default(argument(arguments, 0), context)?;
        abort(&signal, &reason, context)?;
        Ok(JsValue::undefined())
    })],
    ..BARE
};

pub(super) static SIGNAL: Class = Class {
    name: "AbortSignal",
    parent: Parent::Class(&TARGET),
    getters: &[
        ("aborted", |this, _, _| Ok(reason(&own(this)?).is_some().into())),
        ("reason", |this, _, _| Ok(reason(&own(this)?).unwrap_or_default())),
        ("onabort", |this, _, _| {
            let handler = with(&own(this)?, |target| {
                target.signal.as_ref().map(|signal| signal.handler.clone())
            });
            Ok(handler.filter(JsValue::is_callable).unwrap_or(JsValue::null()))
        }),
    ],
    setters: &[("onabort", |this, arguments, _| {
        let handler = argument(arguments, 0);
        with(&own(this)?, |target| {
            if let Some(signal) = &mut target.signal {
                signal.handler = handler;
            }
        });
        Ok(JsValue::undefined())
    })],
    methods: &[("throwIfAborted", 0, |this, _, _| {
        reason(&own(this)?).map_or(Ok(JsValue::undefined()), |it| Err(JsError::from_opaque(it)))
    })],
    statics: &[
        ("abort", 0, |_, arguments, context| {
            let reason = reason_or_default(argument(arguments, 0), context)?;
            let signal = signal(context);
            abort(&signal, &reason, context)?;
            Ok(signal.upcast().into())
        }),
        ("timeout", 1, timeout),
        ("any", 1, any),
    ],
    ..BARE
};

fn own(this: &JsValue) -> JsResult<JsObject<Target>> {
    of_value(this).ok_or_else(|| type_error("this is no AbortSignal"))
}

/// The signal behind a value.
pub(super) fn of_value(value: &JsValue) -> Option<JsObject<Target>> {
    of::<Target>(value).filter(|target| with(target, |target| target.signal.is_some()))
}

/// A signal that nobody has aborted.
pub(super) fn signal(context: &mut Context) -> JsObject<Target> {
    let mut target = Target::default();
    target.signal = Some(Signal::default());
    SIGNAL.object(target, context)
}

/// Why a signal was aborted; `None` while it was not.
pub(super) fn reason(signal: &JsObject<Target>) -> Option<JsValue> {
    with(signal, |target| target.signal.as_ref().and_then(|signal| signal.reason.clone()))
}

/// Calls `then` when a signal is aborted, before the listeners of scripts.
pub(super) fn on_abort<T: Trace + 'static>(
    signal: &JsObject<Target>,
    captures: T,
    then: impl Fn(&T, &mut Context) + Copy + 'static,
    context: &Context,
) {
    let function = callback(captures, context, move |_, _, captures, context| {
        then(captures, context);
        Ok(JsValue::undefined())
    });
    with(signal, |target| {
        if let Some(signal) = &mut target.signal {
            signal.first.push(function);
        }
    });
}

fn reason_or_default(reason: JsValue, context: &mut Context) -> JsResult<JsValue> {
    if reason.is_undefined() {
        return object("AbortError", "the operation was aborted", context);
    }
    Ok(reason)
}

/// Aborts a signal, once.
fn abort(signal: &JsObject<Target>, why: &JsValue, context: &mut Context) -> JsResult<()> {
    if reason(signal).is_some() {
        return Ok(());
    }
    let first = with(signal, |target| match &mut target.signal {
        Some(signal) => {
            signal.reason = Some(why.clone());
            std::mem::take(&mut signal.first)
        }
        None => Vec::new(),
    });
    for function in first {
        function.call(&JsValue::undefined(), &[], context)?;
    }
    let event = Event::of(js_string!("abort"), context);
    let event = EVENT.object(event, context);
    send(signal, &event, context)
}

fn timeout(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let after = needed(arguments, 0)?.to_number(context)?;
    if !(0.0..=9_007_199_254_740_991.0).contains(&after) {
        return Err(range_error("timeout needs milliseconds from 0"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let after = after as u64;
    let signal = signal(context);
    let ringing = Rc::new(signal.clone());
    let job = NativeJob::new(move |context| {
        let reason = object("TimeoutError", "the time is up", context)?;
        abort(&ringing, &reason, context)?;
        Ok(JsValue::undefined())
    });
    context.enqueue_job(Job::TimeoutJob(TimeoutJob::new(job, after)));
    Ok(signal.upcast().into())
}

fn any(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let list = needed(arguments, 0)?.as_object();
    let list = list.ok_or_else(|| type_error("AbortSignal.any needs a list of signals"))?;
    let mut sources = Vec::new();
    iterate(&list, context, |value, _| {
        let source = of_value(&value);
        sources.push(source.ok_or_else(|| type_error("AbortSignal.any needs signals"))?);
        Ok(())
    })?;
    let signal = signal(context);
    if let Some(why) = sources.iter().find_map(reason) {
        abort(&signal, &why, context)?;
        return Ok(signal.upcast().into());
    }
    for source in sources {
        on_abort(
            &source,
            (source.clone(), signal.clone()),
            |(source, signal), context| {
                let why = reason(source).unwrap_or_default();
                if let Err(error) = abort(signal, &why, context) {
                    super::event::report(error, context);
                }
            },
            context,
        );
    }
    Ok(signal.upcast().into())
}
