//! Comparison of ETags, which stores write in several ways.

/// Whether two ETags are the same, apart from quotes (also as XML entities), the mark of a weak ETag, and the case of
/// hexadecimal digits.
pub(super) fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (bare(left), bare(right));
    left == right || (is_digest(left) && is_digest(right) && left.eq_ignore_ascii_case(right))
}

fn bare(tag: &str) -> &str {
    let mut tag = tag.trim();
    for weak in ["W/", "w/"] {
        tag = tag.strip_prefix(weak).unwrap_or(tag);
    }
    for quote in ["\"", "&quot;", "&#34;"] {
        let inside = tag.strip_prefix(quote);
        tag = inside
            .and_then(|inside| inside.strip_suffix(quote))
            .unwrap_or(tag);
    }
    tag
}

/// Whether an ETag is an MD5, or for an object of several parts the MD5 of their MD5s with the number of parts.
fn is_digest(tag: &str) -> bool {
    let (digest, parts) = tag.split_once('-').unwrap_or((tag, "1"));
    digest.len() == 32
        && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
        && parts.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_write_a_tag_are_equal() {
        let digest = "9bb58f26192e4ba00f01e2e7b136bbd8";
        for other in [
            digest.to_owned(),
            format!("\"{digest}\""),
            format!("W/\"{digest}\""),
            format!("&quot;{digest}&quot;"),
            format!("\"{}\"", digest.to_uppercase()),
        ] {
            assert!(is_same(&format!("\"{digest}\""), &other), "{other}");
            assert!(is_same(&other, digest), "{other}");
            assert!(!is_same(&other, &format!("\"{digest}-2\"")), "{other}");
        }
        assert!(!is_same("\"v1-abc\"", "\"v1-ABC\""), "no digest");
        assert!(!is_same("\"a\"", "\"b\""));
        assert!(is_same("", "\"\""));
    }
}
