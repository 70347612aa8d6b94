//! From a pipeline to a component.

use crate::component::Component;
use crate::pipeline::Pipeline;

/// Exports a pipeline as the component, with the name and version of its crate or with those given:
/// `export!(Clicks)`, `export!(Clicks, name = "clicks", version = "1.2.0")`.
///
/// A native build exports nothing.
#[macro_export]
macro_rules! export {
    ($pipeline:ty) => {
        $crate::export!(
            $pipeline,
            name = env!("CARGO_PKG_NAME"),
            version = env!("CARGO_PKG_VERSION")
        );
    };
    ($pipeline:ty, name = $name:expr, version = $version:expr) => {
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::__private::is_pipeline::<$pipeline>($name, $version);

        $crate::export_component!(
            $crate::Instance<$pipeline>,
            name = $name,
            version = $version
        );
    };
}

/// Exports a [`Component`], which is written against columns, with a name and a version:
/// `export_component!(Totals, name = "totals", version = "1.0.0")`. A pipeline needs only [`export!`](crate::export).
///
/// A native build exports nothing.
#[macro_export]
macro_rules! export_component {
    ($component:ty, name = $name:expr, version = $version:expr) => {
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::__private::is_component::<$component>($name, $version);

        #[cfg(target_family = "wasm")]
        const _: () = {
            use ::std::cell::RefCell;
            use $crate::__private::bindings;

            ::std::thread_local! {
                static INSTANCE: RefCell<Option<$component>> = const { RefCell::new(None) };
            }

            struct Exported;

            impl $crate::__private::Slot for Exported {
                type Component = $component;
                const NAME: &'static str = $name;
                const VERSION: &'static str = $version;
                fn with<R>(use_it: impl FnOnce(&mut Option<$component>) -> R) -> R {
                    INSTANCE.with_borrow_mut(use_it)
                }
            }

    bindings::export!(Exported with_types_in bindings);
        };
    };
}

/// Lets a native build check the type that it does not export.
pub const fn is_pipeline<P: Pipeline>(_name: &str, _version: &str) {}

/// Lets a native build check the type that it does not export.
pub const fn is_component<C: Component>(_name: &str, _version: &str) {}
