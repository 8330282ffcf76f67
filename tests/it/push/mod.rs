//! Tests of `push`.

mod advice;
mod api_tls;
mod as_git;
mod asked;
pub(crate) mod authority;
mod bounds;
mod canned;
mod certificate;
mod certificate_files;
mod changed;
mod config;
mod cookies;
mod cut;
mod cut_login;
mod daemon;
mod deadline;
mod early;
mod encodings;
mod ends;
mod errors;
mod file;
mod formats;
pub(crate) mod front;
mod gate;
mod gzip;
mod handed_over;
mod helper_answers;
mod helper_places;
mod hook;
mod hook_terminal;
mod hostile;
mod hosts_beyond_ascii;
mod http;
mod http2;
mod http2_hostile;
mod http_keys;
mod huge;
mod inflate;
mod keys_as_git;
mod kinds_of_keys;
mod lease;
mod lengths;
mod local_checks;
mod logins;
mod logins_as_bytes;
mod long_chains;
mod memory;
mod netrc;
mod network;
mod odd_certificates;
mod odd_repositories;
mod old_remotes;
mod own_header;
mod pages;
mod promised;
pub(crate) mod prompted;
pub(crate) mod proxy;
mod proxy_forms;
mod proxy_logins;
mod proxy_schemes;
mod real_gateways;
mod real_proxies;
mod real_servers;
mod refusals;
mod refused_values;
mod relative;
mod repositories;
pub(crate) mod rig;
mod schemes;
mod served;
mod services;
mod socks;
mod ssh;
mod ssh_advice;
mod ssh_asks;
mod ssh_exit;
mod ssh_host;
mod ssh_settings;
pub(crate) mod sshd;
mod stale;
mod tls;
mod tls_as_git;
mod tls_broken;
mod tls_errors;
mod tls_proxy;
mod twin;
mod useless;
mod variables_as_git;

pub(crate) use sendoff_testing::cases;

/// The most memory that each process may take which handles an honest large repository, in MiB: the test, which makes it,
/// and git, which holds a file several times. What sendoff itself may take is asserted beside that.
pub(crate) fn git_limit() -> u64 {
    cases(768, 8_192).into()
}
