//! What can be done with an account: what its consent allows **and** the administrator wants. Settings change after an account was
//! linked, so both are put together when it is asked.

use crate::oauth::{Feature, Grant, scope};
use crate::platform::{Platform, StoreError};
use crate::settings::{self, ProviderKind};
use crate::store::rows::Account;

/// All of them, in the order in which people are told.
const ALL: [Feature; 4] = [
    Feature::Read,
    Feature::Modify,
    Feature::Send,
    Feature::Delete,
];

/// Features of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// Wanted by the administrator and allowed by the consent.
    pub usable: Vec<Feature>,
    /// Wanted, and not in the consent: linking again asks for it. What is switched off is not missing.
    pub missing: Vec<Feature>,
}

impl Abilities {
    /// As of now.
    pub(crate) async fn of(
        platform: &impl Platform,
        account: &Account,
    ) -> Result<Self, StoreError> {
        let Some(kind) = ProviderKind::from_name(&account.provider) else {
            return Ok(Self::default());
        };
        let wanted = scope::wanted_features(&settings::provider(platform, kind).await?);
        let (missing, usable) = wanted
            .into_iter()
            .partition(|feature| account.missing.0.iter().any(|name| name == feature.name()));
        Ok(Self { usable, missing })
    }

    /// May it be used?
    pub(crate) fn can(&self, feature: Feature) -> bool {
        self.usable.contains(&feature)
    }

    /// Would linking again, with everything ticked, allow it?
    pub(crate) fn lacks(&self, feature: Feature) -> bool {
        self.missing.contains(&feature)
    }
}

/// Names of the features that a grant does not allow, whatever is wanted of it.
pub(super) fn ungranted(kind: ProviderKind, grant: &Grant) -> Vec<String> {
    ALL.into_iter()
        .filter(|feature| !scope::allows(kind, grant.scopes(), *feature, grant.is_shared()))
        .map(|feature| feature.name().to_owned())
        .collect()
}
