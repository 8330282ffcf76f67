//! The variables of git, libcurl, OpenSSL and ssh that count as they do for git.

use super::variable::{Variable, variable};

/// In the order of the reference page.
pub(super) const GIT_VARIABLES: &[Variable] = &[
    variable(
        "PWD",
        "How the working directory was entered, for `includeIf \"gitdir:\"`; counts where it names that directory.",
        None,
    ),
    variable(
        "GIT_CEILING_DIRECTORIES",
        "Directories, with colons between, at which the search for a repository above the working directory ends.",
        None,
    ),
    variable(
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        "True: the search for a repository goes on above the file system of the working directory.",
        None,
    ),
    variable(
        "GIT_OBJECT_DIRECTORY",
        "The directory of the repository's objects, in place of `objects` in the git directory.",
        None,
    ),
    variable(
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "More directories of objects, with colons between; their objects may be pushed as the repository's own.",
        None,
    ),
    variable(
        "SUDO_UID",
        "The user who became root by `sudo`: root may use that user's repositories.",
        None,
    ),
    variable(
        "GIT_CONFIG_GLOBAL",
        "The user's git configuration, in place of the usual files.",
        Some("~/.gitconfig"),
    ),
    variable(
        "GIT_CONFIG_SYSTEM",
        "The system's git configuration.",
        Some("/etc/gitconfig"),
    ),
    variable(
        "GIT_CONFIG_NOSYSTEM",
        "True: the system's git configuration is not read.",
        None,
    ),
    variable(
        "GIT_CONFIG_COUNT",
        "How many pairs of `GIT_CONFIG_KEY_0` and `GIT_CONFIG_VALUE_0` there are: git configuration above all files.",
        None,
    ),
    variable(
        "GIT_CONFIG_PARAMETERS",
        "What `git -c` hands to the programs that it starts: git configuration above all files.",
        None,
    ),
    variable(
        "GIT_EXEC_PATH",
        "Where git's own programs are, the credential helpers among them.",
        None,
    ),
    variable(
        "GIT_NO_LAZY_FETCH",
        "True: what a partial clone left out is not fetched to be pushed elsewhere.",
        None,
    ),
    variable(
        "GIT_NAMESPACE",
        "The namespace of refs of a remote that is a path.",
        None,
    ),
    variable(
        "GIT_AUTHOR_EMAIL",
        "The author's address; commits of another one are foreign to `guard.foreign-authors`.",
        Some("`user.email`"),
    ),
    variable(
        "GIT_ASKPASS",
        "The program that asks for a user name or a password.",
        None,
    ),
    variable(
        "SSH_ASKPASS",
        "The same, where neither `GIT_ASKPASS` nor `core.askPass` names one.",
        None,
    ),
    variable(
        "GIT_TERMINAL_PROMPT",
        "`0`: nothing is asked for on the terminal.",
        None,
    ),
    variable("NETRC", "The file of logins by host.", Some("~/.netrc")),
    variable("GIT_SSH_COMMAND", "The ssh command, for a shell.", None),
    variable("GIT_SSH", "The ssh program, started without a shell.", None),
    variable(
        "GIT_SSH_VARIANT",
        "Which arguments the ssh program takes, as `ssh.variant`.",
        None,
    ),
    variable(
        "GIT_PROXY_COMMAND",
        "The program that leads to git's daemon, as `core.gitProxy`.",
        None,
    ),
    variable(
        "GIT_ALLOW_PROTOCOL",
        "The only protocols that are spoken, with `:` between them.",
        None,
    ),
    variable(
        "GIT_PROTOCOL_FROM_USER",
        "False: protocols whose `protocol.<name>.allow` is `user` are not spoken.",
        None,
    ),
    variable("https_proxy", "The proxy for https.", None),
    variable(
        "HTTPS_PROXY",
        "The same, when `https_proxy` is not set.",
        None,
    ),
    variable("http_proxy", "The proxy for http.", None),
    variable("all_proxy", "The proxy for both.", None),
    variable("ALL_PROXY", "The same, when `all_proxy` is not set.", None),
    variable(
        "no_proxy",
        "The hosts that are reached without a proxy.",
        None,
    ),
    variable("NO_PROXY", "The same, when `no_proxy` is not set.", None),
    variable(
        "SSL_CERT_FILE",
        "A file of certificate authorities, in the place of the system's.",
        None,
    ),
    variable(
        "SSL_CERT_DIR",
        "A directory of certificate authorities, in the place of the system's.",
        None,
    ),
    variable(
        "GIT_SSL_CAINFO",
        "A file of certificate authorities, as `http.sslCAInfo`.",
        None,
    ),
    variable(
        "GIT_SSL_CAPATH",
        "A directory of certificate authorities, as `http.sslCAPath`.",
        None,
    ),
    variable(
        "GIT_SSL_CERT",
        "The client's certificate, as `http.sslCert`.",
        None,
    ),
    variable(
        "GIT_SSL_KEY",
        "The key of that certificate, as `http.sslKey`.",
        None,
    ),
    variable(
        "GIT_SSL_CERT_PASSWORD_PROTECTED",
        "Set to anything: that key has a password.",
        None,
    ),
    variable(
        "GIT_SSL_CERT_TYPE",
        "Only PEM counts; the report names another one.",
        None,
    ),
    variable(
        "GIT_SSL_KEY_TYPE",
        "Only PEM counts; the report names another one.",
        None,
    ),
    variable(
        "GIT_SSL_VERSION",
        "`tlsv1.3`: no older version of TLS is spoken.",
        None,
    ),
    variable(
        "GIT_SSL_CIPHER_LIST",
        "Does not count; the report names it.",
        None,
    ),
    variable(
        "GIT_SSL_NO_VERIFY",
        "Does not count; the report names it.",
        None,
    ),
    variable(
        "GIT_PROXY_SSL_CAINFO",
        "A file of certificate authorities for proxies, as `http.proxySSLCAInfo`.",
        None,
    ),
    variable(
        "GIT_PROXY_SSL_CERT",
        "The client certificate for proxies, as `http.proxySSLCert`.",
        None,
    ),
    variable(
        "GIT_PROXY_SSL_KEY",
        "The key of the client certificate for proxies, as `http.proxySSLKey`.",
        None,
    ),
    variable(
        "GIT_PROXY_SSL_CERT_PASSWORD_PROTECTED",
        "Whether that key has a password, as `http.proxySSLCertPasswordProtected`.",
        None,
    ),
    variable(
        "GIT_HTTP_PROXY_AUTHMETHOD",
        "How the login goes to the proxy: Basic and Digest count; the report names another one.",
        None,
    ),
    variable(
        "GIT_HTTP_USER_AGENT",
        "The name that the server is told, as `http.userAgent`.",
        None,
    ),
    variable(
        "GIT_HTTP_LOW_SPEED_LIMIT",
        "With the time: so many bytes a second are too slow, as `http.lowSpeedLimit`.",
        None,
    ),
    variable(
        "GIT_HTTP_LOW_SPEED_TIME",
        "With the limit: after so many seconds the push is given up, as `http.lowSpeedTime`.",
        None,
    ),
];
