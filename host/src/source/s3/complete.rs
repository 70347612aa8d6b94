//! A check that an XML response is complete. The parser of the SDK closes all open elements at the end of the text, so
//! a listing that was cut off would look like a shorter listing.

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// Rejects a response that does not end with the end tag of its root element, which has this name.
#[derive(Debug)]
pub(super) struct Complete(pub(super) &'static str);

impl Intercept for Complete {
    fn name(&self) -> &'static str {
        "Complete"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.body().bytes().unwrap_or_default();
        let end = format!("</{}>", self.0);
        if response.status().is_success() && !body.trim_ascii_end().ends_with(end.as_bytes()) {
            return Err(format!("the listing does not end with `{end}`").into());
        }
        Ok(())
    }
}
