//! Keys, states and views: structs whose fields are output columns.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::DeriveInput;
use syn::spanned::Spanned;

use crate::fields::{Named, named};

struct Columns {
    idents: Vec<syn::Ident>,
    types: Vec<syn::Type>,
    names: Vec<String>,
}

fn columns(input: &DeriveInput, derive: &str) -> syn::Result<Columns> {
    let fields = named(input, derive)?;
    Ok(Columns {
        idents: fields.iter().map(|field| field.ident.clone()).collect(),
        types: fields.iter().map(|field| field.ty.clone()).collect(),
        names: fields.iter().map(Named::name).collect(),
    })
}

/// Bounds that require the trait of each type, so that the compiler points at the type that lacks it.
fn as_trait(types: &[syn::Type], of: &TokenStream) -> Vec<TokenStream> {
    let spanned = |ty: &syn::Type| quote_spanned!(ty.span()=> <#ty as #of>);
    types.iter().map(spanned).collect()
}

pub(crate) fn derive_key(input: DeriveInput) -> syn::Result<TokenStream> {
    let Columns {
        idents,
        types,
        names,
    } = columns(&input, "Key")?;
    let parts = as_trait(&types, &quote!(::backfold_guest::KeyPart));
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::backfold_guest::Key for #ident #type_generics #where_clause {
            fn columns() -> ::std::vec::Vec<::backfold_guest::Output> {
                ::std::vec![#(::backfold_guest::output::<#types>(#names)),*]
            }
            #[inline]
            fn hash(&self, hasher: &mut impl ::std::hash::Hasher) {
                #(#parts::hash(&self.#idents, hasher);)*
            }
            #[inline]
            fn begins(&self, bytes: &[u8]) -> bool {
                #(let ::core::option::Option::Some(bytes) = #parts::strip(&self.#idents, bytes) else {
                    return false;
                };)*
                let _ = bytes;
                true
            }
            #[inline]
            fn encode(&self, bytes: &mut ::std::vec::Vec<u8>) {
                #(#parts::encode(&self.#idents, bytes);)*
            }
            fn save(encoded: &[u8], row: &mut ::backfold_guest::RowWriter<'_>) {
                let rest = encoded;
                #(let rest = ::backfold_guest::__private::save_part::<#types>(rest, row);)*
                ::core::debug_assert!(rest.is_empty());
            }
        }
    })
}

pub(crate) fn derive_view(input: DeriveInput) -> syn::Result<TokenStream> {
    let Columns {
        idents,
        types,
        names,
    } = columns(&input, "View")?;
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::backfold_guest::View for #ident #type_generics #where_clause {
            fn columns() -> ::std::vec::Vec<::backfold_guest::Output> {
                ::std::vec![#(::backfold_guest::output::<#types>(#names)),*]
            }
            fn save(&self, row: &mut ::backfold_guest::RowWriter<'_>) {
                #(row.put(&self.#idents);)*
            }
        }
    })
}

pub(crate) fn derive_monoid(input: DeriveInput) -> syn::Result<TokenStream> {
    let Columns {
        idents,
        types,
        names,
    } = columns(&input, "Monoid")?;
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let monoid = quote!(::backfold_guest::Monoid);
    let monoids = as_trait(&types, &monoid);
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #monoid for #ident #type_generics #where_clause {
            const COMMUTATIVE: bool = true #(&& #monoids::COMMUTATIVE)*;

            fn columns(name: &str) -> ::std::vec::Vec<::backfold_guest::Output> {
                let mut columns = ::std::vec::Vec::new();
                #(columns.extend(#monoids::columns(&::backfold_guest::__private::column_name(name, #names)));)*
                columns
            }

            fn identity() -> Self {
                Self { #(#idents: #monoids::identity()),* }
            }

            fn combine(&mut self, right: &Self) -> ::core::result::Result<(), ::backfold_guest::Fault> {
                #(#monoids::combine(&mut self.#idents, &right.#idents).map_err(|fault| fault.in_field(#names))?;)*
                ::core::result::Result::Ok(())
            }

            #[inline]
            fn fits(&self) -> ::core::result::Result<(), ::backfold_guest::Fault> {
                #(#monoids::fits(&self.#idents).map_err(|fault| fault.in_field(#names))?;)*
                ::core::result::Result::Ok(())
            }

            #[inline]
            fn save(&self, row: &mut ::backfold_guest::RowWriter<'_>) {
                #(#monoids::save(&self.#idents, row);)*
            }

            fn load(
                row: &mut ::backfold_guest::RowReader<'_>,
            ) -> ::core::result::Result<Self, ::backfold_guest::Malformed> {
                ::core::result::Result::Ok(Self { #(#idents: #monoids::load(row)?),* })
            }

            type Mark = (#(#monoids::Mark,)*);

            #[inline]
            fn mark(&mut self) -> Self::Mark {
                (#(#monoids::mark(&mut self.#idents),)*)
            }

            fn restore(&mut self, (#(#idents,)*): Self::Mark) {
                #(#monoids::restore(&mut self.#idents, #idents);)*
            }

            #[inline]
            fn fault(&self) -> ::core::option::Option<::backfold_guest::Fault> {
                #(if let ::core::option::Option::Some(fault) = #monoids::fault(&self.#idents) {
                    return ::core::option::Option::Some(fault.in_field(#names));
                })*
                ::core::option::Option::None
            }
        }
    })
}
