//! The names of files in a share. They come from documents of the share too, so a name that leads out of it is refused.

use super::{Place, PlaceError};

/// The end of the names of files that are not complete yet.
pub(super) const PART: &str = ".part";

/// Whether each part of a name is the name of a file or a folder within the share.
pub(super) fn is_valid(name: &str) -> bool {
    name.split('/')
        .all(|part| !matches!(part, "" | "." | "..") && !part.chars().any(|one| one.is_control()))
}

/// Checks the name of a file.
pub(super) fn check_file(place: &Place, name: &str) -> Result<(), PlaceError> {
    match is_valid(name) && !name.ends_with(PART) {
        true => Ok(()),
        false => Err(not_a_name(place, name)),
    }
}

/// Checks the name of a folder, which is empty for the share itself.
pub(super) fn check_folder(place: &Place, name: &str) -> Result<(), PlaceError> {
    match name.is_empty() || is_valid(name) {
        true => Ok(()),
        false => Err(not_a_name(place, name)),
    }
}

fn not_a_name(place: &Place, name: &str) -> PlaceError {
    PlaceError::Damaged {
        file: place.to_string(),
        problem: format!("{name:?} cannot be the name of a file of a share"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_the_share() {
        let place = Place::Folder("share".into());
        for name in [
            "build.json",
            "rounds/1/0000000017/01K/done.json",
            "a b/ä..c",
        ] {
            check_file(&place, name).unwrap();
        }
        for name in [
            "",
            "/a",
            "a/",
            "a//b",
            "../a",
            "a/../../b",
            "./a",
            "a\nb",
            "run.arrow.part",
        ] {
            check_file(&place, name).unwrap_err();
        }
        check_folder(&place, "").unwrap();
        insta::assert_snapshot!(check_folder(&place, "..").unwrap_err(), @r#"share is damaged: ".." cannot be the name of a file of a share"#);
    }
}
