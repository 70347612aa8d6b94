//! From a pipeline to a component.

use crate::pipeline::Pipeline;

/// Exports a pipeline as the component, with the name and version of its crate or with those given:
/// `export!(Clicks)`, `export!(Clicks, name = "clicks", version = "1.2.0")`.
///
/// A native build exports nothing.
#[macro_export]
macro_rules! export {
    ($pipeline:ty) => {
        $crate::export!($pipeline, name = env!("CARGO_PKG_NAME"), version = env!("CARGO_PKG_VERSION"));
    };
    ($pipeline:ty, name = $name:expr, version = $version:expr) => {
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::__private::is_pipeline::<$pipeline>($name, $version);

        #[cfg(target_family = "wasm")]
        const _: () = {
            use ::std::cell::RefCell;
            use $crate::__private::bindings;

            ::std::thread_local! {
                static INSTANCE: RefCell<Option<$crate::Instance<$pipeline>>> = const { RefCell::new(None) };
            }

            struct Component;

            impl $crate::__private::Slot for Component {
                type Pipeline = $pipeline;
                const NAME: &'static str = $name;
                const VERSION: &'static str = $version;
                fn with<R>(use_it: impl FnOnce(&mut Option<$crate::Instance<$pipeline>>) -> R) -> R {
                    INSTANCE.with_borrow_mut(use_it)
                }
            }

            bindings::export!(Component with_types_in bindings);
        };
    };
}

/// Lets a native build check the type that it does not export.
pub const fn is_pipeline<P: Pipeline>(_name: &str, _version: &str) {}
