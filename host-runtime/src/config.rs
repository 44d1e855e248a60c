//! What an operator decides, and where it comes from: flags over `PLUGIN_HOST_*` environment variables over a TOML file over
//! defaults.
//!
//! The names are flat and the same everywhere: `--public-origin`, `PLUGIN_HOST_PUBLIC_ORIGIN`, `public_origin = "…"`. An unknown
//! name in the file or the environment is an error, because a mistyped limit that silently stays at its default is worse than a host
//! that does not start.

mod s3;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use host_store::Database;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Prefix of the environment variables.
pub const ENVIRONMENT_PREFIX: &str = "PLUGIN_HOST_";

/// The database that `migrate-store` moves to.
pub(crate) const MIGRATE_TO: &str = "PLUGIN_HOST_MIGRATE_TO";

/// Variables with the prefix that are no settings of a server but arguments of the command line.
const NOT_SETTINGS: [&str; 5] = ["config", "migrate_to", "server", "token", "password"];

/// Settings that are text: taken from the environment as they stand, because a password of digits is no number.
const TEXTS: [&str; 13] = [
    "admin_email",
    "admin_name",
    "admin_password",
    "database_url",
    "log",
    "log_format",
    "public_origin",
    "s3_access_key",
    "s3_bucket",
    "s3_endpoint",
    "s3_prefix",
    "s3_region",
    "s3_secret_key",
];

/// The effective configuration of a host.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of everything that is kept: database (unless it is on a server), blobs (unless they are in a bucket), keys, compile cache.
    pub data_dir: PathBuf,
    /// A PostgreSQL database, `postgres://user:password@host/database`. None: SQLite in the data folder.
    #[serde(
        serialize_with = "redacted",
        deserialize_with = "crate::web::passwords::some_secret"
    )]
    pub database_url: Option<SecretString>,
    /// Most connections to that database.
    pub database_connections: u32,
    /// The file of keys that secrets are sealed with, which hosts of one database must have in common. None: `keys.json` in the data folder.
    pub key_file: Option<PathBuf>,
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Scheme, host and port under which people reach this host, without a slash at the end. None: `http://` and the address
    /// that is listened on.
    pub public_origin: Option<String>,
    /// Address of the administrator that the first start makes, to sign in with.
    pub admin_email: String,
    /// Their name.
    pub admin_name: String,
    /// Their password. None: a random one is made and printed once.
    #[serde(
        serialize_with = "redacted",
        deserialize_with = "crate::web::passwords::some_secret"
    )]
    pub admin_password: Option<SecretString>,
    /// Filter of the log, such as `info` or `host_runtime=debug,info`.
    pub log: String,
    /// `text` or `json`.
    pub log_format: LogFormat,
    /// How long a password that was entered is good for administering plugins and people, in minutes. Long enough to upload, read the
    /// grants and enable.
    pub confirm_minutes: u32,
    /// Largest file that a person may upload, in bytes. The largest attachment that any mail provider is known to take is 150 MB.
    pub upload_bytes: u64,
    /// Largest component, in bytes.
    pub component_bytes: u64,
    /// Refused sign-ins of one name from one address within a quarter of an hour, before further ones wait.
    pub sign_in_tries: u32,
    /// Whether the last address in `X-Forwarded-For` is the client's. Only behind a proxy that sets it.
    pub trust_forwarded_for: bool,
    /// How long a stop waits for requests under way, in seconds.
    pub shutdown_seconds: u32,
    /// Folder of a built shell that is served instead of the one that is built in, for whoever works on it.
    pub shell_dir: Option<PathBuf>,
    /// Most plugin calls at the same time; none: the engine's own number.
    pub max_concurrent_calls: Option<u32>,
    /// Bucket in which blobs are kept instead of the data folder. It must exist. See [`Config::blob_place`].
    pub s3_bucket: Option<String>,
    /// Scheme, host and port of the S3 server. None: Amazon's for the region.
    pub s3_endpoint: Option<String>,
    /// Region that requests are signed for.
    pub s3_region: String,
    /// What the names of all objects begin with, if the bucket is not this host's alone.
    pub s3_prefix: String,
    /// Access key.
    #[serde(
        serialize_with = "redacted",
        deserialize_with = "crate::web::passwords::some_secret"
    )]
    pub s3_access_key: Option<SecretString>,
    /// Its secret.
    #[serde(
        serialize_with = "redacted",
        deserialize_with = "crate::web::passwords::some_secret"
    )]
    pub s3_secret_key: Option<SecretString>,
    /// Whether the bucket is named in the path, not in the host name. None: only with an endpoint.
    pub s3_path_style: Option<bool>,
    /// Whether the server may be spoken to unencrypted. On loopback it always may.
    pub s3_allow_http: bool,
    /// How long the server may be silent, and how long a request is tried again, in seconds.
    pub s3_timeout_seconds: u32,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("plugin-host-data"),
            database_url: None,
            database_connections: 16,
            key_file: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_origin: None,
            admin_email: "admin@localhost".to_owned(),
            admin_name: "Administrator".to_owned(),
            admin_password: None,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            confirm_minutes: 15,
            upload_bytes: 150 << 20,
            component_bytes: 64 << 20,
            sign_in_tries: 10,
            trust_forwarded_for: false,
            shutdown_seconds: 20,
            shell_dir: None,
            max_concurrent_calls: None,
            s3_bucket: None,
            s3_endpoint: None,
            s3_region: "us-east-1".to_owned(),
            s3_prefix: String::new(),
            s3_access_key: None,
            s3_secret_key: None,
            s3_path_style: None,
            s3_allow_http: false,
            s3_timeout_seconds: 20,
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A source holds something that does not fit; says which.
    #[error("the configuration is wrong: {0}")]
    Invalid(String),
    /// The named file is not there.
    #[error("there is no configuration file {0}")]
    Missing(PathBuf),
}

impl Config {
    /// The same with everything in this folder, and nothing in a database or a bucket that others use.
    pub(crate) fn in_folder(self, folder: PathBuf) -> Self {
        Self {
            data_dir: folder,
            database_url: None,
            key_file: None,
            ..self.without_bucket()
        }
    }

    /// Where rows are.
    pub(crate) fn database(&self) -> Database {
        match &self.database_url {
            None => Database::Folder,
            Some(url) => self.server(url.clone()),
        }
    }

    /// Where the keys are.
    pub(crate) fn keys(&self) -> PathBuf {
        let usual = || self.data_dir.join("keys.json");
        self.key_file.clone().unwrap_or_else(usual)
    }

    /// A server, with as many connections as the configured one.
    pub(crate) fn server(&self, url: SecretString) -> Database {
        Database::Postgres {
            url,
            connections: self.database_connections,
        }
    }

    /// Merges the sources. `flags` holds what was given on the command line and nothing else.
    pub fn load(file: Option<&Path>, flags: &impl Serialize) -> Result<Self, ConfigError> {
        if let Some(path) = file.filter(|path| !path.is_file()) {
            return Err(ConfigError::Missing(path.to_owned()));
        }
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(path) = file {
            figment = figment.merge(Toml::file_exact(path));
        }
        figment = figment.merge(
            Env::prefixed(ENVIRONMENT_PREFIX)
                .ignore(&NOT_SETTINGS)
                .ignore(&TEXTS),
        );
        for name in TEXTS {
            if let Ok(text) = std::env::var(format!("{ENVIRONMENT_PREFIX}{}", name.to_uppercase()))
            {
                figment = figment.merge((name, text));
            }
        }
        let config: Self = figment
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| ConfigError::Invalid(error.to_string()))?;
        config.checked()
    }

    /// Checks what the types don't say.
    fn checked(mut self) -> Result<Self, ConfigError> {
        if let Some(origin) = &self.public_origin {
            let invalid = || {
                ConfigError::Invalid(format!(
                    "public_origin {origin:?} is no origin such as https://mail.example.com"
                ))
            };
            let url = url::Url::parse(origin).map_err(|_| invalid())?;
            if !matches!(url.scheme(), "http" | "https")
                || url.path() != "/"
                || url.query().is_some()
                || url.fragment().is_some()
                || !url.username().is_empty()
            {
                return Err(invalid());
            }
            self.public_origin = Some(url.origin().ascii_serialization());
        }
        if self
            .database_url
            .as_ref()
            .is_some_and(|url| !is_database_url(url))
        {
            return Err(ConfigError::Invalid(
                "database_url is no address such as postgres://user:password@host/database"
                    .to_owned(),
            ));
        }
        if self.key_file.is_some() && self.database_url.is_none() {
            return Err(ConfigError::Invalid(
                "key_file goes with database_url: beside SQLite's file, keys are in the data folder"
                    .to_owned(),
            ));
        }
        if self.database_connections < 4 {
            return Err(ConfigError::Invalid(
                "database_connections must be at least 4".to_owned(),
            ));
        }
        for (name, value) in [
            ("confirm_minutes", self.confirm_minutes),
            ("sign_in_tries", self.sign_in_tries),
        ] {
            if value == 0 {
                return Err(ConfigError::Invalid(format!("{name} must be at least 1")));
            }
        }
        if self.admin_password.as_ref().is_some_and(|p| {
            p.expose_secret().chars().count() < crate::web::passwords::PASSWORD_LENGTH
        }) {
            return Err(ConfigError::Invalid(format!(
                "admin_password needs at least {} characters",
                crate::web::passwords::PASSWORD_LENGTH
            )));
        }
        self.blob_place()?;
        Ok(self)
    }

    /// The configuration as TOML, ready to be a file. Passwords and keys are not shown.
    pub fn to_toml(&self) -> String {
        let mut out =
            String::from("# Effective configuration: flags > PLUGIN_HOST_* > file > defaults\n");
        let Ok(serde_json::Value::Object(values)) = serde_json::to_value(self) else {
            return out;
        };
        let mut unset = BTreeSet::new();
        for (name, value) in &values {
            match value {
                serde_json::Value::Null => {
                    unset.insert(name);
                }
                // JSON strings are TOML basic strings, but for the escaped slash, which serde_json does not write.
                value => out.push_str(&format!("{name} = {value}\n")),
            }
        }
        for name in unset {
            out.push_str(&format!("# {name} is not set\n"));
        }
        out
    }
}

/// Whether it is an address that `database_url` takes.
pub(crate) fn is_database_url(url: &SecretString) -> bool {
    ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.expose_secret().starts_with(scheme))
}

fn redacted<S: serde::Serializer>(
    value: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(_) => serializer.serialize_some("<set>"),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[derive(Serialize)]
    struct Flags {
        #[serde(skip_serializing_if = "Option::is_none")]
        listen: Option<&'static str>,
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_beats_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("host.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\nlog = \"debug\"\npublic_origin = \"https://mail.example.com/\"\n").unwrap();
        let config = Config::load(
            Some(&file),
            &Flags {
                listen: Some("127.0.0.1:2"),
            },
        )
        .unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.log, "debug");
        assert_eq!(config.confirm_minutes, Config::default().confirm_minutes);
        assert_eq!(
            config.public_origin.as_deref(),
            Some("https://mail.example.com")
        );
    }

    #[test]
    fn mistakes_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("host.toml");
        for (text, word) in [
            ("confrim_minutes = 3", "confrim_minutes"),
            ("listen = 3", "listen"),
            ("public_origin = \"mail.example.com\"", "public_origin"),
            ("confirm_minutes = 0", "confirm_minutes"),
            ("admin_password = \"short\"", "admin_password"),
            ("database_url = \"mysql://host/database\"", "database_url"),
            ("database_connections = 3", "database_connections"),
            ("key_file = \"keys.json\"", "key_file"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = Config::load(Some(&file), &Flags { listen: None })
                .unwrap_err()
                .to_string();
            assert!(error.contains(word), "{error}");
        }
        assert!(matches!(
            Config::load(Some(&dir.path().join("none.toml")), &Flags { listen: None }),
            Err(ConfigError::Missing(_))
        ));
    }

    #[test]
    fn what_is_printed_can_be_read_again_and_shows_no_password() {
        let config = Config {
            admin_password: Some(SecretString::from("correct horse battery")),
            database_url: Some(SecretString::from("postgres://host:s3cret@db/host")),
            ..Config::default()
        };
        let text = config.to_toml();
        assert!(!text.contains("correct horse") && !text.contains("s3cret"));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("host.toml");
        let again = text
            .replace(
                "database_url = \"<set>\"",
                "database_url = \"postgres://db/host\"",
            )
            .replace("\"<set>\"", "\"another password\"");
        std::fs::write(&file, again).unwrap();
        Config::load(Some(&file), &Flags { listen: None }).unwrap();
    }
}
