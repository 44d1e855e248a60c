//! Where blobs are kept, of what an operator decides: in the data folder, or in a bucket if one is named.

use std::time::Duration;

use host_store::{BlobPlace, S3};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Config, ConfigError};
use crate::web::server::is_loopback;

impl Config {
    /// Where blobs are kept.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] with what to change.
    pub fn blob_place(&self) -> Result<BlobPlace, ConfigError> {
        let Some(bucket) = &self.s3_bucket else {
            let given = [
                ("s3_endpoint", self.s3_endpoint.is_some()),
                ("s3_prefix", !self.s3_prefix.is_empty()),
                ("s3_access_key", self.s3_access_key.is_some()),
                ("s3_secret_key", self.s3_secret_key.is_some()),
            ];
            return match given.iter().find(|(_, given)| *given) {
                // Blobs would go to the data folder, and nobody would notice for long.
                Some((name, _)) => Err(invalid(format!(
                    "{name} is set and s3_bucket is not: name the bucket, or remove {name} to keep blobs in the data folder"
                ))),
                None => Ok(BlobPlace::Folder),
            };
        };
        let plain = |text: &str, more: &str| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c) || more.contains(c))
        };
        if bucket.is_empty() || !plain(bucket, "") {
            return Err(invalid(format!(
                "s3_bucket {bucket:?} is no name of a bucket: the name alone, without address or prefix"
            )));
        }
        if self.s3_region.is_empty() || !plain(&self.s3_region, "") {
            return Err(invalid(format!(
                "s3_region {:?} is no region such as eu-central-1; for a server without regions leave it out",
                self.s3_region
            )));
        }
        let parts: Vec<&str> = self.s3_prefix.split('/').collect();
        if !self.s3_prefix.is_empty()
            && (!plain(&self.s3_prefix, "/")
                || parts.iter().any(|part| matches!(*part, "" | "." | "..")))
        {
            return Err(invalid(format!(
                "s3_prefix {:?} must be letters, digits, dots and dashes, parts of it separated by one /, such as mail/blobs",
                self.s3_prefix
            )));
        }
        if self.s3_timeout_seconds == 0 {
            return Err(invalid("s3_timeout_seconds must be at least 1"));
        }
        let (endpoint, allow_http) = self.endpoint()?;
        Ok(BlobPlace::S3(Box::new(S3 {
            bucket: bucket.clone(),
            region: self.s3_region.clone(),
            prefix: self.s3_prefix.clone(),
            access_key: key("s3_access_key", self.s3_access_key.as_ref())?,
            secret_key: key("s3_secret_key", self.s3_secret_key.as_ref())?,
            // Amazon wants the bucket in the host name; hardly anybody else has a certificate for that.
            path_style: self.s3_path_style.unwrap_or(endpoint.is_some()),
            endpoint,
            allow_http,
            patience: Duration::from_secs(self.s3_timeout_seconds.into()),
        })))
    }

    /// With the blobs in the data folder, for a store that goes away: nobody would collect what it wrote to a bucket.
    #[must_use]
    pub(crate) fn without_bucket(self) -> Self {
        Self {
            s3_bucket: None,
            s3_endpoint: None,
            s3_prefix: String::new(),
            s3_access_key: None,
            s3_secret_key: None,
            ..self
        }
    }

    /// The server's origin, and whether it may be spoken to unencrypted.
    fn endpoint(&self) -> Result<(Option<String>, bool), ConfigError> {
        let Some(endpoint) = &self.s3_endpoint else {
            return Ok((None, false));
        };
        // Not repeated: somebody may have written keys into it.
        let wrong = || {
            invalid(
                "s3_endpoint is no origin such as https://s3.example.com: without path, user or password",
            )
        };
        let url = url::Url::parse(endpoint).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https")
            || url.path() != "/"
            || url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(wrong());
        }
        let origin = url.origin().ascii_serialization();
        let unencrypted = url.scheme() == "http";
        if unencrypted && !self.s3_allow_http && !is_loopback(&origin) {
            return Err(invalid(format!(
                "s3_endpoint {origin} is not encrypted, so that people's mail could be read on the way: use https, or set s3_allow_http = true if the \
                 network between is yours alone"
            )));
        }
        Ok((Some(origin), unencrypted))
    }
}

fn key(name: &str, value: Option<&SecretString>) -> Result<SecretString, ConfigError> {
    value
        .filter(|key| !key.expose_secret().is_empty())
        .cloned()
        .ok_or_else(|| {
            invalid(format!(
                "{name} is missing: s3_bucket needs s3_access_key and s3_secret_key. Set PLUGIN_HOST_{}, or put it into the file",
                name.to_uppercase()
            ))
        })
}

fn invalid(reason: impl Into<String>) -> ConfigError {
    ConfigError::Invalid(reason.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    const BUCKET: &str =
        "s3_bucket = \"mail\"\ns3_access_key = \"1234\"\ns3_secret_key = \"very-secret-5678\"\n";

    fn load(text: &str) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("host.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(Some(&file), &serde_json::json!({}))
    }

    fn bucket(text: &str) -> S3 {
        match load(&format!("{BUCKET}{text}")).unwrap().blob_place() {
            Ok(BlobPlace::S3(s3)) => *s3,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_a_bucket_nothing_is_needed() {
        let place = Config::default().blob_place().unwrap();
        assert!(matches!(place, BlobPlace::Folder));
    }

    #[test]
    fn a_passing_store_keeps_its_blobs_to_itself() {
        let text = format!("{BUCKET}s3_endpoint = \"https://s3.example.com\"\ns3_prefix = \"a\"\n");
        let place = load(&text).unwrap().without_bucket().blob_place().unwrap();
        assert!(matches!(place, BlobPlace::Folder));
    }

    #[test]
    fn amazon_and_other_servers_are_addressed_as_they_expect_it() {
        let amazon = bucket("s3_region = \"eu-central-1\"\n");
        assert!(amazon.endpoint.is_none() && !amazon.path_style && !amazon.allow_http);
        let own = bucket("s3_endpoint = \"https://s3.example.com/\"\ns3_prefix = \"mail/a\"\n");
        assert_eq!(own.endpoint.as_deref(), Some("https://s3.example.com"));
        assert!(own.path_style && !own.allow_http);
        let own = bucket("s3_endpoint = \"https://s3.example.com\"\ns3_path_style = false\n");
        assert!(!own.path_style);
        let near = bucket("s3_endpoint = \"http://127.0.0.1:9000\"\n");
        assert!(near.allow_http);
        let asked = bucket("s3_endpoint = \"http://10.0.0.7:9000\"\ns3_allow_http = true\n");
        assert!(asked.allow_http);
    }

    #[test]
    fn mistakes_are_named_with_what_to_do() {
        for (text, word) in [
            (
                "s3_endpoint = \"https://s3.example.com\"",
                "name the bucket",
            ),
            ("s3_secret_key = \"x\"", "name the bucket"),
            ("s3_bucket = \"mail\"", "PLUGIN_HOST_S3_ACCESS_KEY"),
            (
                "s3_bucket = \"mail\"\ns3_access_key = \"x\"",
                "PLUGIN_HOST_S3_SECRET_KEY",
            ),
            ("s3_bucket = \"s3://mail\"", "the name alone"),
        ] {
            let error = load(text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        for (text, word) in [
            ("s3_endpoint = \"http://s3.example.com\"", "s3_allow_http"),
            (
                "s3_endpoint = \"https://u:hidden@s3.example.com\"",
                "origin",
            ),
            ("s3_endpoint = \"https://s3.example.com/mail\"", "origin"),
            ("s3_endpoint = \"s3.example.com\"", "origin"),
            ("s3_prefix = \"/mail\"", "s3_prefix"),
            ("s3_prefix = \"a/../b\"", "s3_prefix"),
            ("s3_region = \"\"", "s3_region"),
            ("s3_timeout_seconds = 0", "s3_timeout_seconds"),
        ] {
            let error = load(&format!("{BUCKET}{text}\n")).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
            assert!(!error.contains("hidden") && !error.contains("5678"));
        }
    }

    #[test]
    fn keys_are_never_printed() {
        let config = load(BUCKET).unwrap();
        for shown in [config.to_toml(), format!("{config:?}")] {
            assert!(
                !shown.contains("1234") && !shown.contains("5678"),
                "{shown}"
            );
        }
        assert!(config.to_toml().contains("s3_secret_key = \"<set>\""));
    }
}
