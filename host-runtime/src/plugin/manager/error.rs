//! Why a plugin was not added, changed or started, named by what the administrator can do.

use super::super::call::CallError;
use super::super::inspect::InspectError;
use super::super::manifest::InvalidGrants;

/// See the module's documentation. Nothing was changed, unless a variant says otherwise.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ManageError {
    /// Another host changes plugins just now.
    #[error("another host is changing plugins just now: try again in a minute")]
    OtherHost,
    /// There is no such plugin.
    #[error("there is no plugin `{0}`")]
    Unknown(String),
    /// The file can't become a plugin.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// It is there already: upgrade it.
    #[error("the plugin `{plugin}` is installed already (version {version}): upgrade it instead")]
    AlreadyInstalled {
        /// Its id.
        plugin: String,
        /// What is installed.
        version: String,
    },
    /// The file is another plugin.
    #[error("the file is the plugin `{found}`, not `{expected}`")]
    AnotherPlugin {
        /// What was to be upgraded.
        expected: String,
        /// What the file is.
        found: String,
    },
    /// An administrator must approve first; what is asked for.
    #[error("the plugin `{plugin}` needs approval: it wants {}", .wants.join("; "))]
    NotApproved {
        /// Its id.
        plugin: String,
        /// What it asks for that was not approved, for people.
        wants: Vec<String>,
    },
    /// It imports what needs a grant that it doesn't have.
    #[error("the plugin `{plugin}` imports {import}, but {missing}")]
    MissingGrant {
        /// Its id.
        plugin: String,
        /// The interface.
        import: String,
        /// What to grant.
        missing: String,
    },
    /// These grants can't be given.
    #[error(transparent)]
    InvalidGrants(#[from] InvalidGrants),
    /// Only one plugin may bring mail.
    #[error("the plugin `{enabled}` brings mail already; disable it before enabling `{plugin}`")]
    SecondMail {
        /// What was to be enabled.
        plugin: String,
        /// What is enabled.
        enabled: String,
    },
    /// Another plugin shows the same address.
    #[error(
        "the plugin `{plugin}` shows pages at {path}, and so does `{enabled}`, which is enabled already"
    )]
    PageTaken {
        /// What was to be enabled.
        plugin: String,
        /// The address.
        path: String,
        /// What is enabled.
        enabled: String,
    },
    /// The plugin refused a step of its life: which, and its reason.
    #[error("the plugin refused to {step}: {reason}")]
    Refused {
        /// `install`, `upgrade`, `enable`, `remove`.
        step: &'static str,
        /// The plugin's words.
        reason: String,
    },
    /// The plugin failed in a step of its life.
    #[error("the plugin failed to {step}: {error}")]
    Failed {
        /// As in [`Self::Refused`].
        step: &'static str,
        /// How.
        error: CallError,
    },
    /// A file could not be read or written.
    #[error("{0}")]
    File(String),
    /// What the host remembers could not be read or changed.
    #[error(transparent)]
    Store(#[from] host_store::Error),
}
