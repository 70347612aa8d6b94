//! Keys that the data delivery of Amazon MSK writes, which follow its output key template.
//!
//! The default template is `!{channel-id}/!{topic-name}/year=!{yyyy}/month=!{MM}/day=!{dd}/hour=!{HH}/` with the name
//! `!{topic-name}+!{partition-id}+!{kafka-offset}`. The service appends a unique suffix to every name.

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize};

use super::confluent::log_name;
use super::folders;
use super::key::Key;
use super::key_fields::KeyFields;
use super::pattern::{Part, Token, name_fields};
use super::template::{Template, parse};
use crate::source::EventRange;

/// The settings of the layout `msk`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Msk {
    /// The output key template of the delivery, if it is not the default.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "output_key_template"
    )]
    pub template: Option<Template>,
}

impl Msk {
    pub(super) fn span(&self, key: &Key<'_>) -> Option<EventRange> {
        if let Some(template) = &self.template {
            return template.pattern().span(key, Tz::UTC);
        }
        let columns = key
            .folders
            .iter()
            .filter_map(|folder| folder.split_once('='));
        folders::date_by_names(columns).span(Tz::UTC)
    }

    pub(super) fn key_fields(&self, key: &Key<'_>) -> Option<KeyFields> {
        match &self.template {
            Some(template) => template.pattern().key_fields(key),
            None => name_fields(&log_name("+", Token::Anything), key.name?),
        }
    }
}

fn output_key_template<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Template>, D::Error> {
    Template::deserialize_as(deserializer, |text| {
        let mut tokens = vec![(1, Token::Folders), (1, Token::Slash)];
        tokens.extend(parse(text, "!{", "}", token)?);
        let is_open = matches!(tokens.last(), Some((_, Token::Anything | Token::Column(_))));
        if !is_open {
            tokens.push((text.chars().count() + 1, Token::Anything));
        }
        Ok(tokens)
    })
}

/// The token for a variable of the template.
fn token(variable: &str) -> Result<Token, String> {
    Ok(match variable {
        "channel-id" => Token::Column("channel-id".to_owned()),
        "topic-name" => Token::Topic,
        "partition-id" => Token::Partition,
        "kafka-offset" => Token::Offset,
        "sequence-number" => Token::Anything,
        "yyyy" => Token::Time(Part::Year),
        "YY" => Token::Time(Part::ShortYear),
        "MM" => Token::Time(Part::Month),
        "dd" => Token::Time(Part::Day),
        "HH" => Token::Time(Part::Hour),
        "mm" => Token::Time(Part::Minute),
        other => return Err(format!("there is no variable `{other}`")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::source::layout::Layout;
    use crate::source::layout::tests::{layout, shown, shown_named};

    #[test]
    fn keys_of_the_default_template_are_read() {
        let key = "mine/8309b825-8a2c-4120-9367-6ce96fbd2537-2/kafka-topic-49be/year=2026/month=07/day=14/hour=00/kafka-topic-49be+0+000000000000000042-000000-105a4e6efaa.gz";
        let msk = layout(json!("msk"));
        assert_eq!(
            shown(&msk, key).as_deref(),
            Some("1h from 2026-07-14T00:00:00Z")
        );
        assert_eq!(shown_named(&msk, key), "kafka-topic-49be/0@42");
    }

    #[test]
    fn templates_of_the_service_are_read() {
        for (template, key, time, expected) in [
            (
                "topic=!{topic-name}/!{partition-id}/!{kafka-offset}",
                "topic=clicks/3/000000000000000007-000001-105a4e6efaa",
                None,
                "clicks/3@7",
            ),
            (
                "!{partition-id}-!{kafka-offset}",
                "3-000000000000000007-000001-105a4e6efaa.gz",
                None,
                "?/3@7",
            ),
            (
                "!{channel-id}/!{yyyy}/!{MM}/!{dd}/!{sequence-number}",
                "8309b825/2026/01/31/17-000000-105a4e6efaa",
                Some("24h from 2026-01-31T00:00:00Z"),
                "channel-id=8309b825",
            ),
            (
                "!{topic-name}/!{YY}-!{MM}-!{dd}/!{HH}!{mm}/!{sequence-number}.json",
                "clicks/26-01-31/0559/17.json-000000-105a4e6efaa",
                Some("1min from 2026-01-31T05:59:00Z"),
                "clicks",
            ),
        ] {
            let layout = layout(json!({ "msk": { "template": template } }));
            assert_eq!(shown(&layout, key).as_deref(), time, "{key}");
            assert_eq!(shown_named(&layout, key), expected, "{key}");
        }
        let unknown = json!({ "msk": { "template": "a/!{badvar}/!{sequence-number}" } });
        let error = serde_json::from_value::<Layout>(unknown).expect_err("unknown");
        insta::assert_snapshot!(error, @"`a/!{badvar}/!{sequence-number}` at character 3: there is no variable `badvar`");
    }
}
