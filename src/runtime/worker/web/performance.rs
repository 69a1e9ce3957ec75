//! `performance`, `navigator` and `self`: small objects that programs look for.

use boa_engine::{
    Context, JsResult, JsValue, NativeFunction, js_string, object::ObjectInitializer,
    property::Attribute,
};

/// When the context began, by its own clock.
struct Began(f64);

/// Milliseconds since the context began.
pub(super) fn now(context: &Context) -> f64 {
    let began = context.get_data::<Began>().map_or(0.0, |began| began.0);
    clock(context) - began
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds fit for months, to a microsecond")]
fn clock(context: &Context) -> f64 {
    context.clock().now().nanos_since_epoch() as f64 / 1e6
}

pub(super) fn install(context: &mut Context) -> JsResult<()> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds fit for 285,000 years")]
    let calendar = context.clock().system_time_millis() as f64;
    let clock = clock(context);
    context.insert_data(Began(clock));
    let told = NativeFunction::from_fn_ptr(|_, _, context| Ok(now(context).into()));
    let performance = ObjectInitializer::new(context)
        .function(told, js_string!("now"), 0)
        .property(js_string!("timeOrigin"), calendar, Attribute::READONLY | Attribute::ENUMERABLE)
        .build();
    let name = concat!("fazt/", env!("CARGO_PKG_VERSION"));
    let navigator = ObjectInitializer::new(context)
        .property(
            js_string!("userAgent"),
            js_string!(name),
            Attribute::READONLY | Attribute::ENUMERABLE,
        )
        .build();
    let hidden = Attribute::WRITABLE | Attribute::CONFIGURABLE;
    context.register_global_property(js_string!("performance"), performance, hidden)?;
    context.register_global_property(js_string!("navigator"), navigator, hidden)?;
    let global: JsValue = context.global_object().into();
    context.register_global_property(js_string!("self"), global, hidden)
}
