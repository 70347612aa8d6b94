//! A database and roles for one test, and connections to it.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage};

use super::{PASSWORD, SUPERUSER};

/// A role that may connect to one database. Its password is [`PASSWORD`].
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name, which no other role of the cluster has.
    pub name: String,
}

/// A database of one test.
#[derive(Clone, Debug)]
pub struct Database {
    port: u16,
    socket: PathBuf,
    name: String,
    owner: Role,
}

impl Database {
    pub(super) fn create(
        port: u16,
        socket: &Path,
        name: &str,
        options: &str,
    ) -> Result<Self, Error> {
        let name = &unique(name);
        let owner = Role {
            name: name.to_owned(),
        };
        let database = Database {
            port,
            socket: socket.to_owned(),
            name: name.to_owned(),
            owner,
        };
        let admin = Session::open(port, SUPERUSER, "postgres")?;
        let name = quoted(name);
        database.create_role(&database.owner)?;
        admin.run(&format!("CREATE DATABASE {name} OWNER {name} {options}"))?;
        admin.run(&format!(
            "REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC"
        ))?;
        Ok(database)
    }

    /// Makes a role with a name that begins with `name`, which may connect and do nothing else that not all may do.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn role(&self, name: &str) -> Result<Role, Error> {
        let role = Role { name: unique(name) };
        self.create_role(&role)?;
        let (database, name) = (quoted(&self.name), quoted(&role.name));
        self.superuser()?
            .run(&format!("GRANT CONNECT ON DATABASE {database} TO {name}"))?;
        Ok(role)
    }

    /// The same, as a member of a group whose members log in otherwise: `tls_only`, `by_certificate`, `by_cleartext`,
    /// `by_md5`.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn role_in(&self, group: &str, name: &str) -> Result<Role, Error> {
        let role = self.role(name)?;
        let (admin, name) = (self.superuser()?, quoted(&role.name));
        if group == "by_md5" {
            admin.run(&format!(
                "SET password_encryption = 'md5'; ALTER ROLE {name} PASSWORD '{PASSWORD}'"
            ))?;
        }
        admin.run(&format!("GRANT {group} TO {name}"))?;
        Ok(role)
    }

    fn create_role(&self, role: &Role) -> Result<(), Error> {
        let admin = Session::open(self.port, SUPERUSER, "postgres")?;
        let name = quoted(&role.name);
        admin.run(&format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'"))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The role that owns it.
    pub fn owner(&self) -> &Role {
        &self.owner
    }

    /// The port of its server.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where a role finds it, without the password: `postgresql://ROLE@127.0.0.1:PORT/NAME`.
    pub fn url(&self, role: &Role) -> String {
        self.url_at(role, self.port)
    }

    /// The same at another port, such as that of a [`Proxy`](crate::proxy::Proxy).
    pub fn url_at(&self, role: &Role, port: u16) -> String {
        let (role, name) = (percent(&role.name), percent(&self.name));
        format!("postgresql://{role}@127.0.0.1:{port}/{name}")
    }

    /// The keyword settings of libpq with which a role finds it through the server's socket, without the password.
    pub fn by_socket(&self, role: &Role) -> String {
        let value = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        let (socket, port) = (value(&self.socket.to_string_lossy()), self.port);
        let (role, name) = (value(&role.name), value(&self.name));
        format!("host={socket} port={port} user={role} dbname={name}")
    }

    /// The variables with which a command may log in as any role.
    pub fn environment(&self) -> [(&'static str, &'static str); 1] {
        [("PGPASSWORD", PASSWORD)]
    }

    /// A connection of the owner.
    ///
    /// # Errors
    /// If it is refused.
    pub fn session(&self) -> Result<Session, Error> {
        self.session_of(&self.owner)
    }

    /// A connection of a role.
    ///
    /// # Errors
    /// If it is refused.
    pub fn session_of(&self, role: &Role) -> Result<Session, Error> {
        Session::open(self.port, &role.name, &self.name)
    }

    /// A connection of the superuser.
    ///
    /// # Errors
    /// If it is refused.
    pub fn superuser(&self) -> Result<Session, Error> {
        Session::open(self.port, SUPERUSER, &self.name)
    }

    /// A client of a role, which works as long as the present runtime of tokio.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn connect(&self, role: &Role) -> Result<Client, Error> {
        connect(self.port, &role.name, &self.name).await
    }
}

/// A connection that blocks its caller, in tests with a runtime of tokio and in those without.
#[derive(Clone)]
pub struct Session {
    client: Arc<Client>,
}

impl Session {
    pub(super) fn open(port: u16, role: &str, database: &str) -> Result<Self, Error> {
        let (role, database) = (role.to_owned(), database.to_owned());
        let client = wait(async move { connect(port, &role, &database).await })?;
        Ok(Session {
            client: Arc::new(client),
        })
    }

    /// Runs statements, parted by semicolons, whose rows are not wanted.
    ///
    /// # Errors
    /// If the server refuses one.
    pub fn run(&self, statements: &str) -> Result<(), Error> {
        let (client, statements) = (Arc::clone(&self.client), statements.to_owned());
        wait(async move { client.batch_execute(&statements).await })
    }

    /// The rows of a query, in the server's text.
    ///
    /// # Errors
    /// If the server refuses it.
    pub fn rows(&self, query: &str) -> Result<Vec<Vec<Option<String>>>, Error> {
        let (client, query) = (Arc::clone(&self.client), query.to_owned());
        let messages = wait(async move { client.simple_query(&query).await })?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let rows = rows.map(|row| {
            let columns = 0..row.len();
            columns
                .map(|column| row.get(column).map(str::to_owned))
                .collect()
        });
        Ok(rows.collect())
    }
}

/// A name for a role or for a database and its owner, which nothing else in a cluster has.
fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{name}_{:03}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A name as SQL has it: in quotes.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn connect(port: u16, role: &str, database: &str) -> Result<Client, Error> {
    let mut config = Config::new();
    config
        .host("127.0.0.1")
        .port(port)
        .user(role)
        .password(PASSWORD)
        .dbname(database)
        .application_name("test");
    let (client, connection) = config.connect(NoTls).await?;
    // It ends with the client; an error of it is the error of each of the client's requests.
    tokio::spawn(connection);
    Ok(client)
}

/// Waits for a result of the sessions' own runtime.
fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build();
        runtime.expect("a runtime starts")
    });
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime.spawn(async move { sender.send(future.await) });
    receiver.recv().expect("a request does not panic")
}

/// Text as a part of a URL.
fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encoded = text.bytes().map(|byte| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    encoded.collect()
}
