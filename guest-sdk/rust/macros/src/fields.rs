//! The fields of a struct, checked for all derives.

use syn::ext::IdentExt;
use syn::{Data, DataStruct, DeriveInput, Error, Field, Fields, Ident, Type};

/// A named field.
pub(crate) struct Named {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) field: Field,
}

impl Named {
    /// The name of its column: `r#type` is `type`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

/// The named fields of a struct, of which there is at least one.
pub(crate) fn named(input: &DeriveInput, derive: &str) -> syn::Result<Vec<Named>> {
    let Data::Struct(DataStruct {
        fields: Fields::Named(fields),
        ..
    }) = &input.data
    else {
        return Err(Error::new_spanned(
            &input.ident,
            format!("{derive} is derived for structs with named fields"),
        ));
    };
    let fields: Vec<Named> = fields
        .named
        .iter()
        .filter_map(|field| {
            let ident = field.ident.clone()?;
            Some(Named {
                ident,
                ty: field.ty.clone(),
                field: field.clone(),
            })
        })
        .collect();
    if fields.is_empty() {
        return Err(Error::new_spanned(
            &input.ident,
            format!("{derive} needs at least one field"),
        ));
    }
    Ok(fields)
}
