//! `Route`: where a twin push goes over each transport, and how git is told.

use secrecy::SecretString;
use sendoff::demo::git_server::GitServerOptions;
use sendoff::git::push::PushOptions;

use crate::push::rig::{login, options, server};
use crate::push::sshd::Ssh;
use crate::sandbox::Sandbox;

/// How the two remotes are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::push) enum Over {
    Http,
    HttpWithPassword,
    File,
    Ssh,
}

pub(super) type Urls = Box<dyn Fn(&str) -> (String, String)>;

/// Where a twin push goes, and how git is told.
pub(super) struct Route {
    pub(super) options: PushOptions,
    /// The URL of a bare repository by its name, for us and for git.
    pub(super) urls: Urls,
    pub(super) git_ssh: Option<String>,
    _server: Box<dyn std::any::Any>,
}

pub(super) fn route(sandbox: &Sandbox, over: Over) -> Route {
    let mut options = options(sandbox);
    let root = sandbox.path("remotes");
    let paths = move |name: &str| {
        root.join(format!("{name}.git"))
            .to_str()
            .unwrap()
            .to_owned()
    };
    match over {
        Over::File => Route {
            options,
            urls: Box::new(move |name| (paths(name), paths(name))),
            git_ssh: None,
            _server: Box::new(()),
        },
        Over::Http | Over::HttpWithPassword => {
            let password = over == Over::HttpWithPassword;
            let wanted = password.then(|| ("me".to_owned(), SecretString::from("pw")));
            options.login = password.then(|| login("me", "pw"));
            let server = server(
                sandbox,
                GitServerOptions {
                    login: wanted,
                    ..GitServerOptions::default()
                },
            );
            let url = server.url();
            let for_git = if password {
                url.replace("http://", "http://me:pw@")
            } else {
                url.clone()
            };
            Route {
                options,
                urls: Box::new(move |name| {
                    (format!("{url}/{name}.git"), format!("{for_git}/{name}.git"))
                }),
                git_ssh: None,
                _server: Box::new(server),
            }
        }
        Over::Ssh => {
            let ssh = Ssh::start(sandbox);
            options.ssh_command = Some(ssh.command.clone());
            let place = ssh.place.clone();
            Route {
                options,
                urls: Box::new(move |name| {
                    let url = format!("{place}{}", paths(name));
                    (url.clone(), url)
                }),
                git_ssh: Some(ssh.command.clone()),
                _server: Box::new(ssh),
            }
        }
    }
}
