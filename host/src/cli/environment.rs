//! The variables that stand for settings: `BACKFOLD_*`.

use std::ffi::OsString;

/// What the names of all variables of backfold begin with.
const PREFIX: &str = "BACKFOLD_";

/// What sets a parameter of the component, with its name after it.
pub(super) const PARAM: &str = "BACKFOLD_PARAM_";

/// Variables that stand for no flag; after those that end in `_` a name follows.
const OTHERS: &[&str] = &[
    PARAM,
    "BACKFOLD_KAFKA_",
    "BACKFOLD_BY",
    "BACKFOLD_SIMD",
    "BACKFOLD_SSE_C_KEY",
    "BACKFOLD_REGISTRY_PASSWORD",
    "BACKFOLD_REGISTRY_TOKEN",
    // Of the project's own scripts and tests.
    "BACKFOLD_BIN",
    "BACKFOLD_COMPONENT_TARGET_DIR",
    "BACKFOLD_TEST_",
];

/// The variables whose name and value are UTF-8, as those of backfold have to be.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Says which variables look like settings and are none, or have a value that cannot be read.
pub(crate) fn warn_of_unknown(command: &clap::Command) {
    for complaint in complaints(command, std::env::vars_os()) {
        tracing::warn!("{complaint}");
    }
}

fn complaints(
    command: &clap::Command,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<String> {
    let known = known(command);
    let of_us = variables.filter_map(|(name, value)| {
        let name = name.to_string_lossy().into_owned();
        name.starts_with(PREFIX).then_some((name, value))
    });
    let complain = |(name, value): (String, OsString)| {
        let is = |known: &String| match known.ends_with('_') {
            true => name.starts_with(known.as_str()) && name.len() > known.len(),
            false => name == *known,
        };
        if !known.iter().any(is) {
            let near = known
                .iter()
                .filter(|known| !known.ends_with('_'))
                .min_by_key(|known| strsim::damerau_levenshtein(known, &name))
                .filter(|known| strsim::damerau_levenshtein(known, &name) <= 3);
            let meant = near.map(|near| format!(": did you mean {near}?"));
            let meant = meant.unwrap_or_default();
            return Some(format!("the variable {name} has no effect{meant}"));
        }
        value
            .to_str()
            .is_none()
            .then(|| format!("the variable {name} has no effect: its value is not UTF-8"))
    };
    of_us.filter_map(complain).collect()
}

/// The names of all variables; those that end in `_` begin the names of several.
fn known(command: &clap::Command) -> Vec<String> {
    let commands = std::iter::once(command).chain(command.get_subcommands());
    let flags = commands.flat_map(|command| command.get_arguments());
    let of_flags = flags.filter_map(|flag| Some(flag.get_env()?.to_string_lossy().into_owned()));
    let mut known: Vec<_> = of_flags.collect();
    // Flags of the groups below, such as `quarantine list`.
    for command in command
        .get_subcommands()
        .flat_map(|one| one.get_subcommands())
    {
        let flags = command.get_arguments();
        known.extend(flags.filter_map(|flag| Some(flag.get_env()?.to_string_lossy().into_owned())));
    }
    known.extend(OTHERS.iter().map(ToString::to_string));
    known
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::cli::command;

    #[test]
    fn names_that_are_no_settings_and_values_that_are_no_text_are_told() {
        let text = OsString::from;
        let variables = [
            (text("BACKFOLD_WORKERS"), text("2")),
            (text("BACKFOLD_PARAM_floor"), text("2")),
            (text("BACKFOLD_KAFKA_SASL_PASSWORD"), text("x")),
            (text("BACKFOLD_WOKERS"), text("2")),
            (text("BACKFOLD_SOMETHING_ELSE"), text("")),
            (text("BACKFOLD_FROM"), OsString::from_vec(vec![0xff])),
            (text("PATH"), OsString::from_vec(vec![0xff])),
        ];
        insta::assert_snapshot!(complaints(&command(), variables.into_iter()).join("\n"), @r"
        the variable BACKFOLD_WOKERS has no effect: did you mean BACKFOLD_WORKERS?
        the variable BACKFOLD_SOMETHING_ELSE has no effect
        the variable BACKFOLD_FROM has no effect: its value is not UTF-8
        ");
    }
}
