//! What the process finds around itself: variables, the home folder, the user, sockets.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The folders in which servers put their sockets: that of Debian's and Red Hat's packages, and that of the source.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// The surroundings of a process.
#[derive(Clone, Default)]
pub(super) struct Surroundings {
    variables: HashMap<String, String>,
    home: Option<PathBuf>,
    /// The user, where it is not the one of the process.
    user: Option<String>,
    sockets: Vec<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub(super) fn of_this_process() -> Self {
        let all = std::env::vars_os();
        let variables = all.filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            name.starts_with("PG")
                .then_some((name, value.into_string().ok()?))
        });
        Surroundings {
            variables: variables.collect(),
            home: std::env::home_dir(),
            user: None,
            sockets: SOCKET_FOLDERS.map(PathBuf::from).to_vec(),
        }
    }

    /// A variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// A file in the user's home folder, whether or not it is there.
    pub(super) fn at_home(&self, name: &str) -> Option<PathBuf> {
        Some(self.home.as_ref()?.join(name))
    }

    /// The name of the user as the system has it, of whom the variables may know nothing or something else.
    pub(super) fn user(&self) -> Option<String> {
        if self.user.is_some() {
            return self.user.clone();
        }
        let output = std::process::Command::new("id").arg("-un").output().ok()?;
        let name = String::from_utf8(output.stdout).ok()?;
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    }

    /// The folder with the socket of a server at `port`, if there is one.
    pub(super) fn socket_folder(&self, port: u16) -> Option<&Path> {
        let has_socket = |folder: &&PathBuf| folder.join(format!(".s.PGSQL.{port}")).exists();
        self.sockets.iter().find(has_socket).map(PathBuf::as_path)
    }

    /// Whether servers put their sockets there where nothing else is set up.
    pub(super) fn is_socket_folder(&self, folder: &Path) -> bool {
        self.sockets.iter().any(|known| known == folder)
    }
}

#[cfg(test)]
impl Surroundings {
    /// Nothing but variables, and the user `tester`.
    pub(super) fn for_test(variables: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Surroundings {
            variables: variables.iter().map(own).collect(),
            user: Some("tester".to_owned()),
            ..Surroundings::default()
        }
    }

    pub(super) fn with_home(mut self, home: &Path) -> Self {
        self.home = Some(home.to_owned());
        self
    }

    pub(super) fn with_sockets(mut self, folder: &Path) -> Self {
        self.sockets = vec![folder.to_owned()];
        self
    }
}
