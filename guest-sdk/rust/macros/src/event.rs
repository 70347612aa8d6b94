//! Events: structs whose fields are the input columns.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, DeriveInput, Error, GenericParam, Ident, Lifetime, Lit, LitStr, Token, bracketed,
    parenthesized,
};

use crate::fields::named;

/// The attribute of one field, or the default.
#[derive(Default)]
struct Options {
    origin: Option<TokenStream>,
    encoding: Option<TokenStream>,
    is_event_time: bool,
}

pub(crate) fn derive(input: DeriveInput) -> syn::Result<TokenStream> {
    let fields = named(&input, "Event")?;
    let only = conditions(&input.attrs)?;
    let lifetime = lifetime(&input)?;
    let (ident, type_generics) = (&input.ident, input.generics.split_for_impl().1);

    let (mut inputs, mut as_fields) = (Vec::new(), Vec::new());
    let mut event_time = None;
    for field in &fields {
        let (name, ty) = (field.name(), &field.ty);
        let options = options(&field.field.attrs)?;
        let origin = options.origin.unwrap_or_else(|| {
            let path = name.replace('\\', "\\\\").replace('.', "\\.");
            quote!(Path(#path))
        });
        let encoding = options.encoding.unwrap_or_else(|| quote!(Standard));
        let checked = options.is_event_time.then(|| quote!(.event_time()));
        if options.is_event_time && event_time.replace(name.clone()).is_some() {
            return Err(Error::new_spanned(
                &field.ident,
                "an event has one `event_time`",
            ));
        }
        let as_field = quote_spanned!(ty.span()=> <#ty as ::backfold_guest::Field<#lifetime>>);
        inputs.push(quote_spanned! {ty.span()=>
            ::backfold_guest::Input::new(
                #name,
                ::backfold_guest::Origin::#origin,
                #as_field::KIND,
                ::backfold_guest::Encoding::#encoding,
                #as_field::NULLABLE,
            )#checked
        });
        as_fields.push(as_field);
    }
    let event_time = match event_time {
        Some(name) => quote!(::core::option::Option::Some(#name)),
        None => quote!(::core::option::Option::None),
    };
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    let indices: Vec<_> = (0..fields.len()).map(syn::Index::from).collect();

    Ok(quote! {
        #[automatically_derived]
        impl<#lifetime> ::backfold_guest::Event<#lifetime> for #ident #type_generics {
            const INPUTS: &'static [::backfold_guest::Input] = &[#(#inputs),*];
            const ONLY: &'static [::backfold_guest::Condition] = &[#(#only),*];
            const EVENT_TIME: ::core::option::Option<&'static str> = #event_time;
            type Readers = (#(#as_fields::Reader,)*);

            fn readers(
                columns: &#lifetime [::backfold_guest::Column],
                rows: usize,
            ) -> ::core::result::Result<Self::Readers, ::backfold_guest::Malformed> {
                ::core::result::Result::Ok((#(
                    ::backfold_guest::__private::field_reader::<#types>(columns, rows, Self::INPUTS, #indices)?,
                )*))
            }

            #[inline]
            fn read(readers: &Self::Readers, row: usize) -> Self {
                Self { #(#idents: #as_fields::read(&readers.#indices, row)),* }
            }
        }
    })
}

/// The struct's lifetime, or one for a struct that borrows nothing.
fn lifetime(input: &DeriveInput) -> syn::Result<Lifetime> {
    let mut params = input.generics.params.iter();
    match (params.next(), params.next()) {
        (None, _) => Ok(Lifetime::new("'event", proc_macro2::Span::call_site())),
        (Some(GenericParam::Lifetime(param)), None) => Ok(param.lifetime.clone()),
        _ => Err(Error::new_spanned(
            &input.generics,
            "an event has one lifetime, or none, and no other parameter",
        )),
    }
}

fn options(attributes: &[Attribute]) -> syn::Result<Options> {
    let mut options = Options::default();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("event"))
    {
        attribute.parse_nested_meta(|meta| {
            let name = meta.path.require_ident()?.to_string();
            let origin = match name.as_str() {
                "event_time" => {
                    options.is_event_time = true;
                    return Ok(());
                }
                "encoding" => {
                    options.encoding = Some(encoding(&meta.value()?.parse()?)?);
                    return Ok(());
                }
                "path" => {
                    let path: LitStr = meta.value()?.parse()?;
                    quote!(Path(#path))
                }
                "record_header" => {
                    let header: LitStr = meta.value()?.parse()?;
                    quote!(RecordHeader(#header))
                }
                "payload" => quote!(Payload),
                "record_key" => quote!(RecordKey),
                "record_time" => quote!(RecordTime),
                "source_name" => quote!(SourceName),
                "partition" => quote!(Partition),
                "offset" => quote!(Offset),
                _ => {
                    return Err(meta.error(
                        "expected path, encoding, event_time, payload, record_key, record_header, record_time, \
                         source_name, partition or offset",
                    ));
                }
            };
            match options.origin.replace(origin) {
                None => Ok(()),
                Some(_) => Err(meta.error("a field comes from one place")),
            }
        })?;
    }
    Ok(options)
}

fn encoding(name: &LitStr) -> syn::Result<TokenStream> {
    Ok(match name.value().as_str() {
        "standard" => quote!(Standard),
        "epoch-seconds" => quote!(EpochSeconds),
        "epoch-milliseconds" => quote!(EpochMilliseconds),
        "epoch-microseconds" => quote!(EpochMicroseconds),
        "epoch-nanoseconds" => quote!(EpochNanoseconds),
        "hex" => quote!(Hex),
        _ => {
            return Err(Error::new_spanned(
                name,
                "expected standard, epoch-seconds, epoch-milliseconds, epoch-microseconds, epoch-nanoseconds or hex",
            ));
        }
    })
}

/// `type = ["page_view", "scroll"]`
struct Condition {
    path: String,
    any_of: Vec<String>,
}

impl Parse for Condition {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path = if input.peek(LitStr) {
            input.parse::<LitStr>()?.value()
        } else {
            // Names such as `type` are words of the language.
            input.call(Ident::parse_any)?.unraw().to_string()
        };
        input.parse::<Token![=]>()?;
        let list;
        bracketed!(list in input);
        let values = Punctuated::<Lit, Token![,]>::parse_terminated(&list)?;
        if values.is_empty() {
            return Err(Error::new(
                list.span(),
                "no record would meet a condition without values",
            ));
        }
        let any_of = values.iter().map(text).collect::<syn::Result<_>>()?;
        Ok(Condition { path, any_of })
    }
}

/// A scalar in the form of the contract: a string, or its JSON text.
fn text(value: &Lit) -> syn::Result<String> {
    match value {
        Lit::Str(text) => Ok(text.value()),
        Lit::Bool(value) => Ok(value.value.to_string()),
        Lit::Int(value) => Ok(value.base10_digits().to_string()),
        other => Err(Error::new_spanned(
            other,
            "expected a string, an integer, true or false",
        )),
    }
}

fn conditions(attributes: &[Attribute]) -> syn::Result<Vec<TokenStream>> {
    let mut only = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("event"))
    {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("only") {
                return Err(meta.error("expected only(name = [\"value\", …])"));
            }
            let list;
            parenthesized!(list in meta.input);
            for Condition { path, any_of } in
                Punctuated::<Condition, Token![,]>::parse_terminated(&list)?
            {
                only.push(
                    quote!(::backfold_guest::Condition { path: #path, any_of: &[#(#any_of),*] }),
                );
            }
            Ok(())
        })?;
    }
    Ok(only)
}
