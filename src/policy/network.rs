//! `[network]`: proxy, certificate authorities, and where plain http is allowed. Never from a repository.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How servers are reached: pushes, the forge and the platform alike.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Network {
    /// The proxy, such as `http://proxy.example:3128` or `socks5h://127.0.0.1:1080`; an empty text means none. Else `http.proxy` of git's configuration, and `https_proxy` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Hosts that are reached without the proxy: names, which stand for all below them, addresses and blocks such as `10.0.0.0/8`. Else `no_proxy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<Vec<String>>,
    /// A file of certificates in PEM form to trust besides the system's and git's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Hosts that may be reached by `http://`, without encryption; this machine always may.
    pub allow_http: Vec<String>,
}

crate::classes!(Network {
    proxy: D,
    no_proxy: D,
    ca_file: D,
    allow_http: D,
});
