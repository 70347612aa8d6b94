//! All error codes, and the page for each of them, which is a section of `errors.md`.

use crate::error::Code;
use crate::{
    cutover, decode, doctor, fold, guest, job, page, project, registry, replay, share, source,
    steps, store, workdir,
};

const PAGES: &str = include_str!("../errors.md");

/// The explanation of an error code, in Markdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The code, such as `BF0203`.
    pub code: &'static str,
    /// The title: what happened, in a few words.
    pub title: &'static str,
    /// The text: why it happens, and what to do.
    pub text: &'static str,
}

/// All codes of all modules, in ascending order.
pub fn codes() -> Vec<&'static Code> {
    let mut codes = [
        job::codes::ALL,
        workdir::codes::ALL,
        source::codes::ALL,
        source::kafka_codes::ALL,
        decode::codes::ALL,
        guest::codes::ALL,
        guest::laws::codes::ALL,
        fold::codes::ALL,
        steps::codes::ALL,
        share::codes::ALL,
        share::place::codes::ALL,
        store::codes::ALL,
        cutover::codes::ALL,
        replay::file_test_codes::ALL,
        registry::codes::ALL,
        project::codes::ALL,
        doctor::codes::ALL,
        page::codes::ALL,
    ]
    .concat();
    codes.sort_by_key(|code| code.number);
    codes
}

/// All pages, in ascending order of their codes.
pub fn all() -> impl Iterator<Item = Page> {
    PAGES.split("\n## ").skip(1).filter_map(|section| {
        let (heading, text) = section.split_once('\n')?;
        let (code, title) = heading.split_once(' ')?;
        Some(Page {
            code,
            title,
            text: text.trim(),
        })
    })
}

/// The page for `code`, which can be written as `BF0203`, `bf203` or `203`.
pub fn find(code: &str) -> Option<Page> {
    let digits = code.trim().trim_start_matches(['b', 'B', 'f', 'F']);
    let number: u16 = digits.parse().ok()?;
    all().find(|page| page.code == format!("BF{number:04}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let pages: Vec<_> = all().map(|page| page.code.to_owned()).collect();
        let known: Vec<_> = codes().iter().map(|code| code.to_string()).collect();
        assert_eq!(pages, known);
    }

    #[test]
    fn no_number_is_used_twice() {
        let mut uses = BTreeMap::<u16, usize>::new();
        for code in codes() {
            *uses.entry(code.number).or_default() += 1;
        }
        uses.retain(|_, times| *times > 1);
        assert_eq!(uses, BTreeMap::new());
    }

    #[test]
    fn a_page_says_why_and_what_to_do() {
        for page in all() {
            for part in ["**Why.**", "**What to do.**"] {
                assert!(page.text.contains(part), "{} lacks {part}", page.code);
            }
        }
    }

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for written in ["BF0001", "bf0001", "bf1", "1", " BF0001 "] {
            assert_eq!(
                find(written).map(|page| page.code),
                Some("BF0001"),
                "{written}"
            );
        }
        assert_eq!(find("BF9999"), None);
        assert_eq!(find("nonsense"), None);
    }
}
