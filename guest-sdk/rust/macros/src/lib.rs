//! The derive macros of `backfold-guest`; that crate documents them.

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

mod event;
mod fields;
mod outputs;

/// The columns that a pipeline reads from a record, one for each field.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    expand(event::derive, parse_macro_input!(input))
}

/// The key of a state: one key column for each field.
#[proc_macro_derive(Key)]
pub fn derive_key(input: TokenStream) -> TokenStream {
    expand(outputs::derive_key, parse_macro_input!(input))
}

/// A state, with a monoid for each field.
#[proc_macro_derive(Monoid)]
pub fn derive_monoid(input: TokenStream) -> TokenStream {
    expand(outputs::derive_monoid, parse_macro_input!(input))
}

/// Columns derived from a state: one view column for each field.
#[proc_macro_derive(View)]
pub fn derive_view(input: TokenStream) -> TokenStream {
    expand(outputs::derive_view, parse_macro_input!(input))
}

fn expand(
    derive: fn(DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
    input: DeriveInput,
) -> TokenStream {
    derive(input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
