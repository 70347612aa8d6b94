//! The forms that sections share: the section itself, tables in boxes that scroll, lists that say what they leave out.

use maud::{Markup, html};

use crate::human::count;

/// A section with a title, a word on it, and its content.
pub(super) fn section(id: &str, title: &str, about: &str, content: &Markup) -> Markup {
    html! {
        section aria-labelledby=(id) {
            div {
                h2 id=(id) { (title) }
                p.soft.small { (about) }
            }
            div { (content) }
        }
    }
}

/// A box around a table that may be wider than the page. It can be scrolled with the keyboard as well.
pub(super) fn scrolling(label: &str, table: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) { (table) }
    }
}

/// The line under a list of which some items are left out.
pub(super) fn left_out(number: usize, thing: &str) -> Markup {
    html! {
        @if number > 0 {
            p.soft.small { (count(number as u64)) " more " (thing) " not shown." }
        }
    }
}

/// A line of a list of facts.
pub(super) fn fact(name: &str, value: &Markup) -> Markup {
    html! { dt { (name) } dd { (value) } }
}

/// The same, of a name that programs use.
pub(super) fn name(name: &str, value: &str) -> Markup {
    fact(name, &html! { span.mono { (value) } })
}
