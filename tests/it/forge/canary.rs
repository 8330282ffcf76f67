//! The token goes to its own origin and shows up nowhere else.

use std::fmt::Write;
use std::io;
use std::sync::{Arc, Mutex};

use sendoff::demo::Answer;
use sendoff::demo::forge_server::{ForgeServer, Repository};
use sendoff_testing::supervise;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::{TOKEN, connect, head, request};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_token_is_in_no_error_and_no_log_and_at_no_other_origin() {
    supervise!();
    // With one dispatcher alone, a line that another test reached first stays off for good.
    let second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(captured.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let start = || ForgeServer::start(None, [Repository::new("o", "r")]).unwrap();
    let (server, other) = (start(), start());
    let echo = json!({"message": format!("no: {TOKEN}"), "errors": [format!("Bearer {TOKEN}")]});
    let page = format!("<p>{TOKEN}</p>");
    let elsewhere = other.url().join(&format!("?token={TOKEN}")).unwrap();
    let answers = [401, 403, 404, 410, 422, 429, 500].map(|status| Answer::json(status, &echo));
    let odd = [
        Answer::text(200, "text/html", page.clone()),
        Answer::text(200, "application/json", page),
        Answer::json(302, &echo).header("location", elsewhere.as_str()),
        Answer::json(403, &echo).header(
            "x-github-sso",
            format!("required; url=https://127.0.0.1/{TOKEN}"),
        ),
    ];
    let forge = connect("github", server.url());
    let mut shown = format!("{forge:?}");
    for answer in answers.into_iter().chain(odd) {
        server.answer_with([answer.clone(), answer.clone()]);
        if let Err(error) = forge.find(&head("o", "work"), None).await {
            writeln!(shown, "{error} {error:?}").unwrap();
        }
        if let Err(error) = forge.open(&request("work")).await {
            writeln!(shown, "{error} {error:?}").unwrap();
        }
    }
    drop((guard, second));

    assert!(shown.contains("[REDACTED]"), "the servers echoed nothing");
    assert!(!shown.contains(TOKEN), "{shown}");
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("answered"), "nothing was logged");
    assert!(!log.contains(TOKEN), "{log}");
    assert!(other.log().is_empty());
    let sent = server.log();
    assert!(sent.iter().all(|request| request.authorization().is_some()));
    assert!(sent.iter().all(|request| !request.query.contains(TOKEN)));
}
