//! A share in a folder, which may be mounted on many machines. A file is written under a name of its own and gets its
//! name by link(2), which fails where the name is taken.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::local::{blocking, failed};
use super::name::{self, PART};
use super::{Listed, Place, PlaceError, Put, Share};
use crate::durable;
use crate::fault_point::around;

/// How often a file is begun again where another process removed its folder, which was empty.
const FOLDER_ATTEMPTS: u32 = 100;

/// A share in a folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
    place: Place,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Folder {
            root: root.to_owned(),
            place: Place::Folder(root.to_owned()),
        }
    }

    /// The path of a file.
    fn file(&self, name: &str) -> Result<PathBuf, PlaceError> {
        name::check_file(&self.place, name)?;
        Ok(self.root.join(name))
    }

    /// The path of a folder.
    fn folder(&self, name: &str) -> Result<PathBuf, PlaceError> {
        name::check_folder(&self.place, name)?;
        Ok(match name {
            "" => self.root.clone(),
            name => self.root.join(name),
        })
    }

    /// Does `work` on a thread on which it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, PlaceError> + Send + 'static,
    ) -> Result<T, PlaceError> {
        let folder = self.clone();
        blocking(move || work(&folder)).await
    }

    fn put(
        &self,
        name: &str,
        write: impl FnOnce(&File) -> Result<(), PlaceError>,
    ) -> Result<Put, PlaceError> {
        let path = self.file(name)?;
        let part = begin(&path).map_err(|error| failed("write", &path, error))?;
        write(part.file())?;
        match part.finish_new() {
            Ok(true) => Ok(Put::New),
            Ok(false) => Ok(Put::Taken),
            Err(error) if error.kind() == ErrorKind::Unsupported => Err(PlaceError::NoConditions {
                place: self.place.to_string(),
                problem: "its file system has neither hard links nor RENAME_NOREPLACE".to_owned(),
            }),
            Err(error) => Err(failed("write", &path, error)),
        }
    }

    /// Adds the files below `folder`, whose name is `prefix`.
    fn collect(
        &self,
        folder: &Path,
        prefix: &str,
        found: &mut Vec<Listed>,
    ) -> Result<(), PlaceError> {
        for entry in entries(folder)? {
            let name = match prefix {
                "" => entry.name,
                prefix => format!("{prefix}/{}", entry.name),
            };
            if entry.is_folder {
                self.collect(&entry.path, &name, found)?;
                continue;
            }
            let meta = match fs::metadata(&entry.path) {
                // It was removed after it was listed.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                meta => meta.map_err(|error| failed("list", &entry.path, error))?,
            };
            found.push(Listed {
                name,
                size_bytes: meta.len(),
                modified: meta
                    .modified()
                    .map_err(|error| failed("list", &entry.path, error))?,
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Share for Folder {
    fn place(&self) -> &Place {
        &self.place
    }

    async fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put, PlaceError> {
        let name = name.to_owned();
        self.blocking(move |share| {
            share.put(&name, |mut to| {
                around("write a document of a share", || to.write_all(&bytes))
                    .map_err(|error| failed("write", &share.root.join(&name), error))
            })
        })
        .await
    }

    async fn upload(&self, name: &str, file: &Path) -> Result<Put, PlaceError> {
        let (name, file) = (name.to_owned(), file.to_owned());
        self.blocking(move |share| {
            let mut from = File::open(&file).map_err(|error| failed("read", &file, error))?;
            share.put(&name, |mut to| {
                around("copy a file to a share", || io::copy(&mut from, &mut to))
                    .map_err(|error| failed("write", &share.root.join(&name), error))?;
                Ok(())
            })
        })
        .await
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        let path = self.file(name)?;
        self.blocking(move |_| match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(|error| failed("read", &path, error)),
        })
        .await
    }

    async fn get_range(&self, name: &str, bytes: Range<u64>) -> Result<Vec<u8>, PlaceError> {
        let path = self.file(name)?;
        self.blocking(move |_| {
            let length = bytes.end.saturating_sub(bytes.start);
            let mut found = Vec::new();
            File::open(&path)
                .and_then(|mut file| {
                    file.seek(SeekFrom::Start(bytes.start))?;
                    file.take(length).read_to_end(&mut found)
                })
                .map_err(|error| failed("read", &path, error))?;
            match found.len() as u64 == length {
                true => Ok(found),
                false => Err(PlaceError::too_short(path.display(), &bytes)),
            }
        })
        .await
    }

    async fn download(&self, name: &str, to: &Path) -> Result<(), PlaceError> {
        let (path, to) = (self.file(name)?, to.to_owned());
        self.blocking(move |_| {
            // Whatever fails later concerns `to`.
            fs::metadata(&path).map_err(|error| failed("read", &path, error))?;
            durable::copy(&path, &to).map_err(|error| failed("write", &to, error))
        })
        .await
    }

    async fn list(&self, below: &str) -> Result<Vec<Listed>, PlaceError> {
        let (folder, below) = (self.folder(below)?, below.to_owned());
        self.blocking(move |share| {
            let mut found = Vec::new();
            share.collect(&folder, &below, &mut found)?;
            found.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(found)
        })
        .await
    }

    async fn folders(&self, below: &str) -> Result<Vec<String>, PlaceError> {
        let folder = self.folder(below)?;
        self.blocking(move |_| {
            let mut names = Vec::new();
            for entry in entries(&folder)? {
                let holds_files = || {
                    let found = holds_files(&entry.path);
                    found.map_err(|error| failed("list", &entry.path, error))
                };
                if entry.is_folder && holds_files()? {
                    names.push(entry.name);
                }
            }
            names.sort();
            Ok(names)
        })
        .await
    }

    async fn remove(&self, name: &str) -> Result<(), PlaceError> {
        let path = self.file(name)?;
        self.blocking(move |share| {
            match around("remove a file of a share", || fs::remove_file(&path)) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                removed => removed.map_err(|error| failed("remove", &path, error))?,
            }
            let above = path.ancestors().skip(1);
            let within = above.take_while(|folder| *folder != share.root);
            for folder in within {
                if !remove_if_empty(folder).map_err(|error| failed("remove", folder, error))? {
                    break;
                }
            }
            Ok(())
        })
        .await
    }
}

/// Begins a file in a folder, which is made where it is missing.
fn begin(path: &Path) -> io::Result<durable::Part> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut attempts = 0;
    loop {
        attempts += 1;
        match durable::create_folder(folder).and_then(|()| durable::Part::create(path)) {
            // Another process removed the folder, as it was empty.
            Err(error) if error.kind() == ErrorKind::NotFound && attempts < FOLDER_ATTEMPTS => {}
            part => return part,
        }
    }
}

/// An entry of a folder that is no part.
struct Entry {
    name: String,
    path: PathBuf,
    is_folder: bool,
}

/// The entries of a folder; none where there is no folder.
fn entries(folder: &Path) -> Result<Vec<Entry>, PlaceError> {
    let fail = |error| failed("list", folder, error);
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(fail)?,
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry.map_err(fail)?;
        // Nothing of a share has another name.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !name.ends_with(PART) {
            found.push(Entry {
                name,
                path: entry.path(),
                is_folder: entry.file_type().map_err(fail)?.is_dir(),
            });
        }
    }
    Ok(found)
}

/// Whether a folder holds a file at any depth. It ends at the first one.
fn holds_files(folder: &Path) -> io::Result<bool> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        listed => listed?,
    };
    for entry in listed {
        let entry = entry?;
        let is_part = entry
            .file_name()
            .as_encoded_bytes()
            .ends_with(PART.as_bytes());
        if !is_part && (!entry.file_type()?.is_dir() || holds_files(&entry.path())?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes a folder in which there is nothing but what killed processes left; whether it is gone.
fn remove_if_empty(folder: &Path) -> io::Result<bool> {
    match remove_folder(folder) {
        Err(error) if is_not_empty(&error) && !holds_files(folder)? => {
            remove_left(folder)?;
            Ok(!folder.exists())
        }
        Err(error) if is_not_empty(&error) => Ok(false),
        removed => removed.map(|()| true),
    }
}

/// Removes what killed processes left in a folder without files, and the folders that are empty then.
fn remove_left(folder: &Path) -> io::Result<()> {
    durable::remove_parts(folder)?;
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        listed => listed?,
    };
    for entry in listed {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_left(&entry.path())?;
        }
    }
    match remove_folder(folder) {
        // A process is writing there.
        Err(error) if is_not_empty(&error) => Ok(()),
        removed => removed,
    }
}

/// Removes an empty folder, which need not be there.
fn remove_folder(folder: &Path) -> io::Result<()> {
    match around("remove a folder of a share", || fs::remove_dir(folder)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn is_not_empty(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
    )
}

#[cfg(test)]
mod tests;
