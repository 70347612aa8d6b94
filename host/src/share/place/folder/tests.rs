use super::*;
use crate::error::Coded;
use crate::share::place::codes;
use crate::share::place::conformance::{self, Fixture};

/// A share in a folder.
struct Shared {
    share: tempfile::TempDir,
    local: tempfile::TempDir,
}

impl Shared {
    fn new() -> Self {
        Shared {
            share: tempfile::tempdir().unwrap(),
            local: tempfile::tempdir().unwrap(),
        }
    }
}

#[async_trait]
impl Fixture for Shared {
    async fn share(&self) -> Box<dyn Share> {
        // It is made with its first file.
        let place = Place::Folder(self.share.path().join("share"));
        place.open().await.unwrap()
    }

    async fn leave_half(&self, name: &str) {
        let path = self.share.path().join("share").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut part = path.into_os_string();
        part.push(".4711-0.part");
        fs::write(part, "half").unwrap();
    }

    fn folder(&self) -> &Path {
        self.local.path()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_conforms() {
    conformance::all(async || Shared::new()).await;
}

#[tokio::test]
async fn a_file_where_a_folder_has_to_be_is_told() {
    let shared = Shared::new();
    let share = shared.share().await;
    fs::write(shared.share.path().join("share"), "").unwrap();
    let errors = [
        share.put_new("a/b", Vec::new()).await.unwrap_err(),
        share.list("a").await.unwrap_err(),
        share.get("a").await.unwrap_err(),
        share.remove("a").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code(), &codes::NOT_ALLOWED);
        assert!(error.to_string().contains("share/a"), "{error}");
    }
}

#[tokio::test]
async fn a_downloaded_file_and_the_share_do_not_depend_on_each_other() {
    let shared = Shared::new();
    let share = shared.share().await;
    assert_eq!(
        share.put_new("run", b"run".to_vec()).await.unwrap(),
        Put::New
    );
    let to = shared.folder().join("run");
    share.download("run", &to).await.unwrap();
    share.remove("run").await.unwrap();
    assert_eq!(fs::read(&to).unwrap(), b"run");
    // An upload is a copy, as the file may be written to later.
    assert_eq!(share.upload("run", &to).await.unwrap(), Put::New);
    fs::write(&to, "changed").unwrap();
    assert_eq!(share.get("run").await.unwrap().unwrap(), b"run");
}

#[tokio::test]
async fn what_killed_processes_left_goes_with_the_last_file() {
    let shared = Shared::new();
    let share = shared.share().await;
    for name in ["t/1/a/run", "t/1/b/run", "t/2/a/run"] {
        shared.leave_half(name).await;
    }
    for name in ["t/1/b/done.json", "t/3/a/done.json"] {
        assert_eq!(share.put_new(name, Vec::new()).await.unwrap(), Put::New);
    }
    share.remove("t/1/b/done.json").await.unwrap();
    assert_eq!(share.folders("t").await.unwrap(), ["3"]);
    share.remove("t/3/a/done.json").await.unwrap();
    let left = fs::read_dir(shared.share.path().join("share")).unwrap();
    assert_eq!(left.count(), 0);
}
