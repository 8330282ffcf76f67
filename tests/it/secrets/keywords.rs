//! Redaction by what stands before a value: keywords, headers, URLs; and ordinary text, which stays.

use std::borrow::Cow;

use sendoff::secrets::redact;
use sendoff_testing::supervise;

#[test]
fn a_value_is_redacted_by_its_keyword() {
    supervise!();
    let forty = "abcdefghij/KLMNOPQRSTUVWXYZ+0123456789xy";
    for (text, expected) in [
        ("PASSWORD=hunter2", "PASSWORD=[REDACTED]"),
        ("password = \"correct horse\"", "password = \"[REDACTED]\""),
        (
            "{\"password\": \"p w\\\"d\", \"a\": 1}",
            "{\"password\": \"[REDACTED]\", \"a\": 1}",
        ),
        (
            "{\"api_key\":\"abcd-efgh\"}",
            "{\"api_key\":\"[REDACTED]\"}",
        ),
        (
            "api_key: 12ab34cd56\nnext: 1",
            "api_key: [REDACTED]\nnext: 1",
        ),
        ("apiKey='zz99zz99'", "apiKey='[REDACTED]'"),
        (
            "AWS_SECRET_ACCESS_KEY=abc123def456",
            "AWS_SECRET_ACCESS_KEY=[REDACTED]",
        ),
        (
            "export GITEA_TOKEN=0f1e2d3c4b",
            "export GITEA_TOKEN=[REDACTED]",
        ),
        (
            "?access_token=abcd1234&page=2",
            "?access_token=[REDACTED]&page=2",
        ),
        (
            "client_secret => 'a1b2c3d4'",
            "client_secret => '[REDACTED]'",
        ),
        ("--token abcd1234 push", "--token [REDACTED] push"),
        (
            "<password>hunter2</password>",
            "<password>[REDACTED]</password>",
        ),
        (
            "\\\"token\\\":\\\"abc1234\\\"",
            "\\\"token\\\":\\\"[REDACTED]\\\"",
        ),
        (
            "//registry.npmjs.org/:_authToken=0000-1111-aaaa",
            "//registry.npmjs.org/:_authToken=[REDACTED]",
        ),
        (
            "AccountKey=abcd1234efgh5678ijkl9012mnop==;x",
            "AccountKey=[REDACTED];x",
        ),
        ("db.password: s3cr3t!", "db.password: [REDACTED]"),
    ] {
        assert_eq!(redact(text), expected);
        assert_eq!(redact(expected), expected);
    }
    for (before, sign) in [
        ("monkey", "="),
        ("api_key", " = "),
        ("\u{17f}ecret", "="),
        ("to\u{212a}en", "\u{a0}=\u{1c}\n "),
        ("AP\u{130}_KEY", "="),
        ("token", ": "),
        ("key", "=\""),
    ] {
        let redacted = redact(&format!("{before}{sign}{forty}==")).into_owned();
        assert_eq!(redacted, format!("{before}{sign}[REDACTED]"));
    }
    let folded = format!("key=\u{17f}\u{212a}\u{130}\u{131}{}", &forty[4..]);
    assert_eq!(redact(&folded), "key=[REDACTED]");
}

#[test]
fn a_value_is_redacted_by_its_place_in_a_command_or_a_file() {
    supervise!();
    for (text, expected) in [
        ("--password abc x", "--password [REDACTED] x"),
        ("--password=ab1 x", "--password=[REDACTED] x"),
        ("--password secret", "--password [REDACTED]"),
        ("DB_PASS=s3cr3t! x", "DB_PASS=[REDACTED] x"),
        ("smtp_pass: s3cr3t!99", "smtp_pass: [REDACTED]"),
        (
            "with n_pass = 5, n_pass: all",
            "with n_pass = 5, n_pass: all",
        ),
        ("API_KEY=abcdefgh12345678&rest=5 x", "API_KEY=[REDACTED] x"),
        ("export PASSWORD=ab&cd12345&", "export PASSWORD=[REDACTED]"),
        (
            "https://h.test/x?API_KEY=abcdefgh12345678&page=5",
            "https://h.test/x?API_KEY=[REDACTED]&page=5",
        ),
        (
            "GET /x?a=1&token=abcdefgh12345678&page=5",
            "GET /x?a=1&token=[REDACTED]&page=5",
        ),
        (
            "the token 0123456789abcdef0123456789abcdef01234567 was used",
            "the token [REDACTED] was used",
        ),
        (
            "curl -u alice:hunter2 https://example.org",
            "curl -u alice:[REDACTED] https://example.org",
        ),
        ("curl -ualice:hunter2 x", "curl -ualice:[REDACTED] x"),
        (
            "curl --user 'me@x.org:h u' x",
            "curl --user 'me@x.org:[REDACTED]' x",
        ),
        ("--proxy-user=a:bcd x", "--proxy-user=a:[REDACTED] x"),
        (
            "machine example.org login alice password h2! # mine",
            "machine example.org login alice password [REDACTED] # mine",
        ),
        (
            "machine example.org\n  login alice\n  password hunter2\nmachine b",
            "machine example.org\n  login alice\n  password [REDACTED]\nmachine b",
        ),
        (
            "default login anonymous password a",
            "default login anonymous password [REDACTED]",
        ),
        (
            "https://a.blob.core.windows.net/c/b?sv=2024-11-04&sr=b&sig=Zm9vYmFyYmF6cXV4Zm9vYmFy%3D&se=2026",
            "https://a.blob.core.windows.net/c/b?sv=2024-11-04&sr=b&sig=[REDACTED]&se=2026",
        ),
    ] {
        assert_eq!(redact(text), expected);
        assert_eq!(redact(expected), expected);
    }
}

/// Guards what people and agents write down of the commands that they ran.
#[test]
fn a_value_is_redacted_by_its_place_among_the_arguments_of_a_known_program() {
    supervise!();
    for (before, after) in [
        ("sshpass -p ", " ssh me@host"),
        ("`sshpass -p", "` was used"),
        ("docker login -u me -p ", " registry.test"),
        ("helm registry login -u me -p '", "' r"),
        ("az login --service-principal -u id -p ", " --tenant t"),
        ("mysqldump -uroot -p", " db > x"),
        ("mysql -u root -p'", "' db"),
        ("redis-cli -h h -a ", " ping"),
        ("htpasswd -bc file user ", ""),
        ("ansible-vault encrypt_string '", "' --name db_password"),
        ("vault login ", ""),
        ("tool client-secret \"", "\""),
        ("db.pass=", ""),
        ("SSHPASS=", " sshpass -e ssh h"),
        ("redis-cli --pass ", " ping"),
        ("openssl rsa -passin pass:", " -in k"),
        ("keytool -storepass ", " -list"),
        ("CREATE USER u IDENTIFIED BY '", "';"),
        (
            "ALTER USER u IDENTIFIED WITH mysql_native_password BY '",
            "';",
        ),
        ("CREATE USER u WITH PASSWORD '", "';"),
        ("aws configure set aws_secret_access_key ", ""),
        ("npm config set //registry.npmjs.org/:_authToken ", ""),
        ("gh auth login --with-token <<< ", ""),
        ("echo ", " | gh auth login --with-token"),
        ("printf '%s' '", "' | docker login -u me --password-stdin"),
        ("localhost:5432:db:me:", ""),
        ("<add key=\"ApiKey\" value=\"", "\"/>"),
    ] {
        let text = format!("{before}hunter2Xy9{after}");
        let redacted = redact(&text);
        assert!(
            redacted.starts_with(&format!("{before}[REDACTED]")),
            "{text}: {redacted}"
        );
        assert!(!redacted.contains("hunter2"), "{text}: {redacted}");
        assert_eq!(redact(&redacted), redacted);
    }
    assert_eq!(
        redact("https://a.webhook.office.com/webhookb2/55-55@66-66/IncomingWebhook/01/11 now"),
        "https://a.[REDACTED] now"
    );
    assert_eq!(
        redact(r#"{"auths": {"r": {"auth": "bWU6aHVudGVyMg=="}}}"#),
        r#"{"auths": {"r": {"auth": "[REDACTED]"}}}"#
    );
}

#[test]
fn headers_and_urls_lose_their_credentials() {
    supervise!();
    for (text, expected) in [
        (
            "Authorization: Bearer abc.def-123",
            "Authorization: Bearer [REDACTED]",
        ),
        (
            "authorization: token 0123456789abcdef",
            "authorization: token [REDACTED]",
        ),
        (
            "Authorization: Basic dXNlcjpwYXNz\r\nHost: x",
            "Authorization: Basic [REDACTED]\r\nHost: x",
        ),
        (
            "\"Authorization\": \"Bearer abcdef1234\"",
            "\"Authorization\": \"Bearer [REDACTED]\"",
        ),
        ("Authorization: 0f1e2d3c4b5a", "Authorization: [REDACTED]"),
        (
            "sent Bearer abcdEFGHijklMNOP now",
            "sent Bearer [REDACTED] now",
        ),
        (
            "Proxy-Authorization: Basic dXNlcjpwYXNz",
            "Proxy-Authorization: Basic [REDACTED]",
        ),
        ("PRIVATE-TOKEN: abc123def456", "PRIVATE-TOKEN: [REDACTED]"),
        (
            "Cookie: session=abc; theme=dark\r\nHost: x",
            "Cookie: [REDACTED]\r\nHost: x",
        ),
        ("Set-Cookie: id=a3f; Path=/\nx", "Set-Cookie: [REDACTED]\nx"),
        ("-H 'cookie: a=b' x", "-H 'cookie: [REDACTED]' x"),
        ("{\"Cookie\": \"a=b\"}", "{\"Cookie\": \"[REDACTED]\"}"),
        (
            "https://user:pass@example.org/x",
            "https://user:[REDACTED]@example.org/x",
        ),
        (
            "https://x-access-token:abc@github.com/o/r",
            "https://x-access-token:[REDACTED]@github.com/o/r",
        ),
        (
            "postgres://u:p%40ss@db:5432/x",
            "postgres://u:[REDACTED]@db:5432/x",
        ),
        (
            "https://0123456789abcdef0123@example.org",
            "https://[REDACTED]@example.org",
        ),
        (
            "https://u:p@ss@example.org",
            "https://u:[REDACTED]@example.org",
        ),
    ] {
        assert_eq!(redact(text), expected);
        assert_eq!(redact(expected), expected);
    }
}

#[test]
fn ordinary_text_stays_untouched() {
    supervise!();
    for text in [
        "",
        "Fix the token refresh and the password form",
        "docker run -u 1000:1000 image",
        "git push -u origin main",
        "sort -u names, and the user: nobody",
        "the cookie: chocolate chips",
        "Fix the machine login with password authentication",
        "at 12:AM, or 10:ABC",
        "?sig=none&x=1, and design=oak",
        "the token 0123456789abcdef is short",
        "The password: incorrect. Try again.",
        "sshpass -p $PASS ssh h, and sshpass -p <password>",
        "docker login -p PASSWORD, docker run -p 8080:80 x, ssh -p 2222 h",
        "mysql -p, then mysql -P 3306 -h host; the mysql connector",
        "vault login fails; docker login asks; the login page -p",
        "htpasswd makes a file with one user a line",
        "tests pass: 12, pass=12 fail=0, pass=true, bypass=everything, compass=north",
        "the pass -p option, a pass through, passing, --passive mode on",
        "identified by the id 'x1234567'; set password to a new one",
        "the field password \"required\", the keyword 'token'",
        "127.0.0.1:5432: connection refused, ports 5432:5432, db:5432:tcp",
        "{\"auth\": \"oauth2\", \"author\": \"me\"}",
        "read it with --password-stdin | less; cat x | docker login --password-stdin",
        "the key: press any key to continue",
        "secret: see the wiki",
        "token = self.token",
        "api_key = os.environ['KEY']",
        "password: null",
        "key = value",
        "max_tokens: 4096, tokens=12",
        "Bearer tokens are checked, bearer authentication too",
        "Basic HTML5Features and basic understanding",
        "Authorization: required for every call",
        "https://example.org/a@b, ssh://git@github.com/o/r.git, git@github.com:o/r.git",
        "commit 0123456789abcdef0123456789abcdef01234567",
        "risk-adjusted-returns-and-more, task-based-design-of-things",
        "sk-short, ghp_, AKIA, npm_install, hf_hub, xoxb-",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "eyJ is how a token begins; eyJhbGciOiJIUzI1NiJ9 is a header",
        "password=${PASSWORD} token=$TOKEN secret={{ secret }} key=<key>",
        "password=******** token=xxxxxxxx",
        "日本語 password の変更",
        "[REDACTED] token=[REDACTED] \"token\": \"[REDACTED]\" https://u:[REDACTED]@h Bearer [REDACTED]",
    ] {
        assert!(
            matches!(redact(text), Cow::Borrowed(_)),
            "{text} -> {}",
            redact(text)
        );
    }
}
