//! Whether an answer in XML is there to its end. The SDK's parser takes the end of the text for the end of every element
//! that is open, so that a listing that was cut off would be a shorter listing.

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// Refuses an answer that does not end with the end of its root element, which is of this name.
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
