//! `backfold completions`: prints completion scripts for shells.

use anyhow::Result;
use clap_complete::{Shell, generate};
use serde_json::json;

use super::answer::Answer;

/// Print a script with which a shell completes commands and flags
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  source <(backfold completions bash)
  backfold completions zsh > ~/.zfunc/_backfold")]
pub(crate) struct Completions {
    /// The name of the shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(crate) fn execute(self, mut command: clap::Command) -> Result<Answer> {
        let mut script = Vec::new();
        generate(self.shell, &mut command, "backfold", &mut script);
        let script = String::from_utf8(script)?;
        let result = json!({ "shell": self.shell.to_string(), "script": script });
        Answer::new(script, &result)
    }
}
