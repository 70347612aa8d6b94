//! Environment variables of backfold: `BACKFOLD_*`.

use std::ffi::OsString;

/// The prefix of all variables of backfold.
const PREFIX: &str = "BACKFOLD_";

/// The prefix of variables that set a parameter of the component.
pub(super) const PARAM: &str = "BACKFOLD_PARAM_";

/// Variables without a flag. An entry that ends in `_` is a prefix.
const OTHERS: &[&str] = &[
    PARAM,
    // Those that hooks are given, which may call backfold.
    "BACKFOLD_HOOK_",
    "BACKFOLD_KAFKA_",
    "BACKFOLD_BY",
    "BACKFOLD_SIMD",
    "BACKFOLD_SSE_C_KEY",
    "BACKFOLD_REGISTRY_PASSWORD",
    "BACKFOLD_REGISTRY_TOKEN",
    // Variables of the project's own scripts and tests.
    "BACKFOLD_BIN",
    "BACKFOLD_SDK",
    "BACKFOLD_COMPONENT_TARGET_DIR",
    "BACKFOLD_TEST_",
];

/// All variables whose name and value are UTF-8. Others cannot be settings of backfold.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Warns about variables with the prefix of backfold that have no effect.
pub(crate) fn warn_of_unknown(command: &clap::Command) {
    for warning in warnings(command, std::env::vars_os()) {
        tracing::warn!("{warning}");
    }
}

fn warnings(
    command: &clap::Command,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<String> {
    let known = known(command);
    let ours = variables.filter_map(|(name, value)| {
        let name = name.to_string_lossy().into_owned();
        name.starts_with(PREFIX).then_some((name, value))
    });
    let warn = |(name, value): (String, OsString)| {
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
    ours.filter_map(warn).collect()
}

/// The names of all variables; an entry that ends in `_` is a prefix.
fn known(command: &clap::Command) -> Vec<String> {
    let commands = std::iter::once(command).chain(command.get_subcommands());
    let flags = commands.flat_map(|command| command.get_arguments());
    let of_flags = flags.filter_map(|flag| Some(flag.get_env()?.to_string_lossy().into_owned()));
    let mut known: Vec<_> = of_flags.collect();
    // Flags of nested commands, such as `quarantine list`.
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
    fn unknown_names_and_values_that_are_not_utf8_cause_warnings() {
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
        insta::assert_snapshot!(warnings(&command(), variables.into_iter()).join("\n"), @r"
        the variable BACKFOLD_WOKERS has no effect: did you mean BACKFOLD_WORKERS?
        the variable BACKFOLD_SOMETHING_ELSE has no effect
        the variable BACKFOLD_FROM has no effect: its value is not UTF-8
        ");
    }
}
