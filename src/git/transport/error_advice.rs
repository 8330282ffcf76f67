//! What to do about a transport that failed, in one line.

use sendoff_push::Rejection;

use crate::net::ProxyLoginRefused;

use super::TransportError;
use super::ssh_login::setup_advice;
use super::ssh_words::{denied_advice, is_want_of_right, is_without_shell};

impl TransportError {
    /// Returns what to do about it, in one line.
    pub(super) fn what_to_do(&self) -> Option<String> {
        let fixed = || self.fixed_advice().map(ToOwned::to_owned);
        self.advice_with_names().or_else(fixed)
    }

    /// Returns the advice that names what the error knows: a variable, a server, a command.
    fn advice_with_names(&self) -> Option<String> {
        Some(match self {
            Self::Setup(error) => error.advice(),
            Self::ProxyLogin { scheme, .. } if scheme.starts_with("socks4") => {
                format!("write the user ID that the proxy expects into its URL: {scheme}://USER@HOST:PORT")
            }
            Self::ProxyLogin {
                scheme,
                proxy,
                refusal,
            } => match refusal {
                ProxyLoginRefused::Login | ProxyLoginRefused::Repeatable => format!(
                    "write the login into the proxy's URL, or let a git credential helper keep it for {scheme}://{proxy}"
                ),
                ProxyLoginRefused::Unspoken(_) => {
                    "name a proxy in `http.proxy` that logs in to this one for you, such as px or cntlm".into()
                }
                ProxyLoginRefused::Closed(_) => {
                    "let whoever runs the proxy allow the remote's host and port; where it is reached without the proxy, name its host in `no_proxy`".into()
                }
                ProxyLoginRefused::RuledOut(_) => {
                    "remove `http.proxyAuthMethod` and GIT_HTTP_PROXY_AUTHMETHOD, or name one that the proxy offers".into()
                }
            },
            Self::Tls { fault, place } => fault.advice(place),
            Self::Protocol { configured_in, .. } => {
                format!("allow it in {configured_in}, or use another URL")
            }
            Self::NoLogin { variables, .. } if variables.is_empty() => {
                "set up a credential helper in your global git configuration, or write the login into ~/.netrc".into()
            }
            Self::NoLogin { variables, .. } => format!(
                "set {}, or set up a credential helper in your global git configuration",
                variables.join(" or ")
            ),
            Self::LoginRefused { renewal, said, .. } if wants_token(said) => {
                format!("{renewal}; this server takes a token in the place of a password")
            }
            Self::LoginRefused { renewal, .. } => renewal.clone(),
            Self::ReadOnly { .. } => return Rejection::ReadOnly.advice(&[]),
            Self::SshLogin { advice, .. } => advice.clone(),
            Self::SshSetup { said } => setup_advice(said),
            Self::SshCommand { named_in, .. } => {
                format!("correct {named_in}: each program that it runs has to be there")
            }
            Self::SomeCommand { named_in, .. } => {
                format!("correct {named_in}: each program that it runs has to be there; where they all are, {SERVER_COMMAND}")
            }
            _ => return None,
        })
    }

    /// Returns the advice that is the same for each error of its kind.
    fn fixed_advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::PlainHttp => "use https or ssh",
            Self::Scheme(_) => "use an https or ssh URL for the remote",
            Self::TlsPort { .. } => "use `https` in the remote's URL",
            Self::Talk { .. } => {
                "let the shell of the account on the remote print nothing for commands: its start files, such as ~/.bashrc, may write on a terminal only"
            }
            Self::ServerCommand { .. } => SERVER_COMMAND,
            Self::SshObstacle(obstacle) => obstacle.advice(),
            Self::Start(_) => "install the program, or put it on the search path",
            Self::Credential(_) => {
                "fix the credential helper, or remove it: git config --global --unset-all credential.helper"
            }
            Self::AuthScheme { .. } => {
                "let the server offer Basic or Digest over https, use an ssh URL, or push with `git push`"
            }
            Self::HeaderRefused { .. } => {
                "renew the `Authorization` of `http.extraHeader` in your git configuration, or take it out"
            }
            Self::Forbidden { said, .. } => {
                denied_advice(said).unwrap_or("ask for write access, or use a token that has it")
            }
            Self::Failing { .. } => {
                "run again in a while: nothing is lost; where it stays so, tell the server's administrator"
            }
            Self::Refused { class, said, .. } => refused(class, said),
            Self::NotFound { .. } => NOT_FOUND,
            Self::Redirect(_)
            | Self::RedirectPlace(_)
            | Self::RedirectElsewhere
            | Self::RedirectsOff => {
                "set the remote's URL to the address that the repository has now"
            }
            Self::Status { said, .. } if !said.is_empty() => {
                "read the server's message; where it is of no git server, check the remote's URL, and what is in the way"
            }
            Self::NotGit { .. } | Self::Status { .. } => {
                "check the remote's URL; a proxy or a login page may be in the way"
            }
            Self::Encoding { .. } => {
                "a proxy may be in the way; `http.extraHeader = Accept-Encoding: identity` in your git configuration asks for no compression"
            }
            Self::Network { .. } | Self::Unavailable { .. } | Self::Lost | Self::Timeout(_) => {
                "check that the remote can be reached, then run again: nothing is lost"
            }
            Self::Stream { .. } => {
                "run again: nothing is lost; where it breaks each time, send the pack with its length: git config --global http.postBuffer 1g"
            }
            Self::Spool(_) => "make room on the disk that TMPDIR names, `/tmp` otherwise",
            Self::SshPort => {
                "set `ssh.variant = ssh` in the global git configuration if the program takes OpenSSH's options"
            }
            Self::TooLarge { .. } => "push fewer commits, or keep large files out of the history",
            _ => return None,
        })
    }
}

/// Says whether a server refuses a login because it takes no passwords, or may do so.
fn wants_token(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("token") && (said.contains("password") || said.contains("must use"))
}

/// What to do where the server cannot run what it is configured to.
const SERVER_COMMAND: &str =
    "have the server's administrator correct the command that it runs for this key or account";

/// What to do where there is no such repository, or it is not shown.
const NOT_FOUND: &str = "check the remote's URL, and that your login may see the repository";

/// Returns what to do about a refusal of its class.
fn refused(class: &str, said: &str) -> &'static str {
    match class {
        "auth" if is_without_shell(said) => {
            "push by an account that may log in, or have the server's administrator give this one a shell that runs git: git-shell"
        }
        "auth" => "read the server's message, and renew the key or the account that it names",
        "no-program" => {
            "install git on the server, or name where it is: git config --global remote.NAME.receivepack PATH"
        }
        "denied" => match denied_advice(said) {
            Some(advice) => advice,
            None if is_want_of_right(said) => "ask for write access, or use a key that has it",
            None => "read the server's message: it takes no push until what it names is changed",
        },
        _ => NOT_FOUND,
    }
}
