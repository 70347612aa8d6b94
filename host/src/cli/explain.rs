//! `backfold explain`: explains an error code.

use anyhow::Result;
use backfold::error::Class;
use backfold::explain;
use backfold::job::JobError;
use serde_json::json;

use super::answer::Answer;

/// Explain an error code: why it happens, and what to do
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold explain BF0603
  backfold explain                         list all codes")]
pub(crate) struct Explain {
    /// The error code; without it, all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

impl Explain {
    pub(crate) fn execute(self) -> Result<Answer> {
        let Some(code) = self.code else {
            let list = explain::all()
                .map(|page| format!("{}  {}\n", page.code, page.title))
                .collect();
            let codes: Vec<_> = explain::all()
                .map(|page| json!({ "code": page.code, "title": page.title }))
                .collect();
            return Answer::new(list, &codes);
        };
        let page = explain::find(&code).ok_or(JobError::UnknownCode { code })?;
        let class = explain::codes()
            .into_iter()
            .find(|code| code.to_string() == page.code)
            .map(|code| code.class);
        let exit_code = class.map_or(1, Class::exit_code);
        let text = format!(
            "{}: {} (exit code {exit_code})\n\n{}\n",
            page.code, page.title, page.text
        );
        let result = json!({
            "code": page.code, "title": page.title, "class": class, "exit_code": exit_code, "text": page.text,
        });
        Answer::new(text, &result)
    }
}
