//! Keys that Aiven's S3 sink writes: `<prefix><topic>-<partition>-<offset>`, with an extension such as `.gz`.
//!
//! A topic may contain hyphens, so the name is read from its end. The connector's prefix may contain a date,
//! `2026/01/31/05/`: the time at which the records were written. Any other `file.name.template` is set as
//! [`Aiven::template`].

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize};

use super::confluent::log_name;
use super::folders;
use super::key::Key;
use super::key_fields::KeyFields;
use super::pattern::{Part, Token, name_fields};
use super::template::{Template, parse};
use crate::source::EventRange;

/// The settings of the layout `aiven`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Aiven {
    /// The `file.name.template` of the connector, without the prefix if the prefix ends in `/`.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "file_name_template"
    )]
    pub template: Option<Template>,
    /// The `timestamp.timezone` of the connector.
    #[serde(skip_serializing_if = "super::calendar::is_utc")]
    pub time_zone: Tz,
}

impl Aiven {
    pub(super) fn span(&self, key: &Key<'_>) -> Option<EventRange> {
        match &self.template {
            Some(template) => template.pattern().span(key, self.time_zone),
            None => folders::plain_date(&key.folders).span(self.time_zone),
        }
    }

    pub(super) fn key_fields(&self, key: &Key<'_>) -> Option<KeyFields> {
        match &self.template {
            Some(template) => template.pattern().key_fields(key),
            None => name_fields(&log_name("-", Token::Ending), key.name?),
        }
    }
}

fn file_name_template<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Template>, D::Error> {
    Template::deserialize_as(deserializer, |text| {
        let mut tokens = vec![(1, Token::Folders), (1, Token::Slash)];
        tokens.extend(parse(text, "{{", "}}", token)?);
        let end = text.chars().count() + 1;
        // The extension of the compression.
        tokens.push((end, Token::Ending));
        Ok(tokens)
    })
}

/// The token for a variable of the template, such as `start_offset:padding=true`.
fn token(variable: &str) -> Result<Token, String> {
    let mut parameters = variable.split(':').map(str::trim);
    let name = parameters.next().unwrap_or("");
    let unit = parameters.find_map(|parameter| parameter.strip_prefix("unit="));
    Ok(match (name, unit) {
        ("topic", _) => Token::Topic,
        ("partition", _) => Token::Partition,
        ("start_offset", _) => Token::Offset,
        ("key", _) => Token::Anything,
        ("timestamp", Some("yyyy" | "YYYY")) => Token::Time(Part::Year),
        ("timestamp", Some("MM")) => Token::Time(Part::Month),
        ("timestamp", Some("dd")) => Token::Time(Part::Day),
        ("timestamp", Some("HH")) => Token::Time(Part::Hour),
        ("timestamp", _) => {
            return Err(
                "`timestamp` needs `unit=yyyy`, `unit=MM`, `unit=dd` or `unit=HH`".to_owned(),
            );
        }
        (other, _) => return Err(format!("there is no variable `{other}`")),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::source::layout::Layout;
    use crate::source::layout::tests::{layout, shown, shown_named};

    #[test]
    fn names_are_read_from_their_end() {
        let aiven = layout(json!("aiven"));
        for (key, expected) in [
            ("clicks-0-0", "clicks/0@0"),
            ("clicks-3-1234.gz", "clicks/3@1234"),
            (
                "archive/page-views-2-3-00000000000000000042.gz",
                "page-views-2/3@42",
            ),
            (
                "archive/orders.v1-0000000003-42.jsonl.zst",
                "orders.v1/3@42",
            ),
            (
                "archive/cdc-.sales.orders-1-7.parquet.snappy",
                "cdc-.sales.orders/1@7",
            ),
            ("2026/01/31/clicks-3-1234.gz", "clicks/3@1234"),
            ("clicks-3.gz", "nothing"),
            ("clicks-3-x.gz", "nothing"),
            ("-3-4.gz", "nothing"),
            ("clicks-3-99999999999999999999.gz", "nothing"),
        ] {
            assert_eq!(shown_named(&aiven, key), expected, "{key}");
        }
        assert_eq!(
            shown(&aiven, "logs/2026/01/31/05/clicks-3-1234.gz").as_deref(),
            Some("1h from 2026-01-31T05:00:00Z")
        );
        assert_eq!(shown(&aiven, "logs/clicks-3-20260131.gz"), None);
    }

    #[test]
    fn templates_of_the_connector_are_read() {
        for (template, key, time, expected) in [
            (
                "{{topic}}/{{timestamp:unit=yyyy}}-{{timestamp:unit=MM}}-{{timestamp:unit=dd}}/{{timestamp:unit=HH}}/{{partition:padding=true}}-{{start_offset:padding=true}}.json",
                "sales.orders/2026-01-31/05/0000000001-00000000000000000042.json.gz",
                Some("1h from 2026-01-31T05:00:00Z"),
                "sales.orders/1@42",
            ),
            (
                "{{topic}}-{{partition}}-{{start_offset}}-{{timestamp:unit=yyyy}}{{timestamp:unit=MM}}{{timestamp:unit=dd}}.gz",
                "raw/mytopic-2-1-20260131.gz",
                Some("24h from 2026-01-31T00:00:00Z"),
                "mytopic/2@1",
            ),
            (
                "{{ topic }}/{{partition}}/{{ start_offset:padding=true }}",
                "some_topic/1/00000000000000000001",
                None,
                "some_topic/1@1",
            ),
            ("{{key}}", "raw/any-key.zst", None, ""),
        ] {
            let layout = layout(json!({ "aiven": { "template": template } }));
            assert_eq!(shown(&layout, key).as_deref(), time, "{key}");
            assert_eq!(shown_named(&layout, key), expected, "{key}");
        }
    }

    #[test]
    fn a_template_that_cannot_be_read_says_where() {
        let errors: Vec<String> = [
            "{{topic}}-{{partition",
            "{{topic}}{{partition}}",
            "{{timestamp:unit=ss}}",
            "a/{{offset}}",
            "{topic}",
        ]
        .into_iter()
        .map(|template| {
            let written = json!({ "aiven": { "template": template } });
            serde_json::from_value::<Layout>(written)
                .expect_err(template)
                .to_string()
        })
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        `{{topic}}-{{partition` at character 11: `{{` is not closed by `}}`
        `{{topic}}{{partition}}` at character 10: it is not clear where `{topic}` ends and `{partition}` starts
        `{{timestamp:unit=ss}}` at character 1: `timestamp` needs `unit=yyyy`, `unit=MM`, `unit=dd` or `unit=HH`
        `a/{{offset}}` at character 3: there is no variable `offset`
        `{topic}` at character 1: `{` is outside of a placeholder
        ");
    }
}
