//! The platform's client, and the address that its token belongs to.

use std::sync::Arc;
use std::time::Duration;

use crate::environment::Environment;
use crate::http::Client;
use crate::net::Network;
use crate::pipeline::Hold;
use crate::platform::{FirstOrigin, Platform, TokenSource};
use crate::policy::{LayerKind, Policy};
use crate::reason::{Code, Reason};
use crate::secrets::KnownSecrets;

use super::connect::{client, patient_client};

/// Makes the platform's client, or says why there is none.
pub(super) fn platform(
    environment: &Environment,
    policy: &Policy,
    known: &KnownSecrets,
    network: Arc<dyn Network>,
) -> Result<Platform, Hold> {
    let settings = policy.platform();
    let workspace = settings
        .workspace_id
        .as_deref()
        .or_else(|| environment.text("WORKSPACE_ID"));
    let client = client(policy, policy.limits(), known, network);
    for_named(environment, policy, client, workspace)
}

/// Makes the platform's client for another workspace than the own one, or says why there is none. An agent must answer a
/// message within `patience`.
pub(super) fn for_workspace(
    environment: &Environment,
    policy: &Policy,
    known: &KnownSecrets,
    network: Arc<dyn Network>,
    workspace: &str,
    patience: Duration,
) -> Result<Platform, Hold> {
    let client = patient_client(policy, known, network, patience);
    for_named(environment, policy, client, Some(workspace))
}

fn for_named(
    environment: &Environment,
    policy: &Policy,
    client: Client,
    workspace: Option<&str>,
) -> Result<Platform, Hold> {
    let settings = policy.platform();
    let named = environment.text("PLATFORM_URL").map(url::Url::parse);
    let url = match (&settings.url, named) {
        (Some(url), _) => url.as_url().clone(),
        (None, Some(Ok(url))) => url,
        (None, Some(Err(error))) => {
            return Err(Hold::new(
                Code::BadPlatformUrl,
                format!("PLATFORM_URL is no URL: {error}"),
            )
            .advise("set it to an address such as https://platform.example"));
        }
        (None, None) => return Err(no_platform()),
    };
    let workspace = workspace.ok_or_else(no_platform)?;
    let named = settings.token_file.clone();
    let is_named = named.is_some();
    let file = named.unwrap_or_else(|| environment.configs_directory().join(".auth_token"));
    // The pair of the environment.
    let first = environment
        .state_directory()
        .filter(|_| !is_named && settings.url.is_none())
        .map(|state| FirstOrigin::below(&state, &file));
    let token = if token_is_bound(policy) {
        TokenSource::File(file)
    } else {
        TokenSource::None
    };
    let platform = Platform::new(client, url, workspace, token)
        .map_err(|error| Hold::new(error.code(), error.to_string()).advise(error.advice()))?;
    Ok(match first {
        Some(first) => platform.bound_to(first),
        None => platform,
    })
}

/// Says whether the platform's token belongs to the platform's address: one that a layer of the policy
/// names goes only to an address that the same layer names, or one that is trusted more.
fn token_is_bound(policy: &Policy) -> bool {
    let rank = |origin: LayerKind| match origin {
        // A key on the command line and a file that it names are from the same person.
        LayerKind::PolicyFile => LayerKind::Set,
        origin => origin,
    };
    let token = policy.origin_of("platform.token-file").map(rank);
    let url = policy.origin_of("platform.url").map(rank);
    match (token, url) {
        // The environment's own token goes where the environment or the policy says.
        (None, _) => true,
        (Some(token), Some(url)) => url <= token,
        (Some(_), None) => false,
    }
}

/// Says that the token of the policy is not sent, where that is so.
pub(super) fn unbound_token(policy: &Policy) -> Option<Reason> {
    let origin = policy.origin_of("platform.token-file")?;
    let message = format!(
        "the token that platform.token-file ({origin}) names is not sent: the platform's address comes from a place \
         that is trusted less"
    );
    (!token_is_bound(policy)).then(|| {
        Reason::new(Code::PlatformTokenUnbound, message)
            .advise("set `platform.url` beside `platform.token-file`")
    })
}

/// Returns why there is no platform, as the steps that need one report it.
pub(super) fn no_platform() -> Hold {
    Hold::new(Code::NoPlatform, "no platform is configured").advise(
        "set PLATFORM_URL and WORKSPACE_ID, or `platform.url` and `platform.workspace-id` in the user's policy",
    )
}
