//! Bars, drawn with SVG. Many shapes of one kind are one path, so that a picture of hundreds of shapes stays small.

use std::fmt::Write as _;

use maud::{Markup, html};

/// The class of a shape, from the style sheet.
pub(super) type Class = &'static str;

/// Shapes of one class in one path.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    path: String,
}

impl Shapes {
    /// Adds a rectangle.
    pub(super) fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64) {
        let (x, y, width, height) = (short(x), short(y), short(width), short(height));
        // Writing to a String cannot fail.
        let _ = write!(self.path, "M{x} {y}h{width}v{height}h-{width}z");
    }

    /// Adds a triangle in the upper right corner of a square.
    pub(super) fn corner(&mut self, x: f64, y: f64, size: f64) {
        let (x, y, size) = (short(x), short(y), short(size));
        let _ = write!(self.path, "M{x} {y}h{size}v{size}z");
    }

    /// The path; nothing where there are no shapes.
    pub(super) fn draw(&self, class: Class) -> Markup {
        html! {
            @if !self.path.is_empty() { path.(class) d=(self.path) {} }
        }
    }
}

/// A number with at most two digits after the point.
fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A bar of parts, each with a share of the whole and a class. Its text is next to it.
pub(super) fn bar(parts: &[(f64, Class)]) -> Markup {
    let mut at: f64 = 0.0;
    let parts = parts.iter().filter(|(share, _)| *share > 0.0);
    let parts: Vec<_> = parts
        .map(|(share, class)| {
            // What is there is seen.
            let width = (share * 100.0).max(0.6).min((100.0 - at).max(0.0));
            let x = at;
            at += width;
            (short(x), short(width), class)
        })
        .collect();
    html! {
        svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.c0 x="0" y="0" width="100" height="10" {}
            @for (x, width, class) in &parts {
                rect.(class) x=(x) y="0" width=(width) height="10" {}
            }
        }
    }
}

/// The legend of a picture: a class and a text each.
pub(super) fn legend(entries: &[(Markup, &str)]) -> Markup {
    html! {
        ul.legend {
            @for (sign, text) in entries { li { (sign) (text) } }
        }
    }
}

/// A square of a legend.
pub(super) fn square(class: Class) -> Markup {
    html! {
        svg viewBox="0 0 14 14" aria-hidden="true" {
            @if class == "open" {
                rect.open x="1" y="1" width="12" height="12" stroke-width="1.4" {}
            } @else {
                rect.(class) width="14" height="14" {}
            }
        }
    }
}
