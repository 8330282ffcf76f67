//! Pushes HEAD of a repository to a branch, over a path or smart HTTP: `push REPOSITORY URL BRANCH`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it is a program of its own"
)]

use std::error::Error;
use std::sync::atomic::AtomicBool;

use sendoff_push::{
    Borrowed, GitoxideTransport, LastSeen, NoLocalChecks, NoProgress, PushOutcome, PushRequest,
    push,
};

fn main() -> Result<(), Box<dyn Error>> {
    // In a build with other crates, the HTTP client can be without a provider. An error says that one is installed.
    drop(rustls::crypto::ring::default_provider().install_default());
    let arguments: Vec<String> = std::env::args().collect();
    let [_, repository, url, branch] = arguments.as_slice() else {
        return Err("usage: push REPOSITORY URL BRANCH".into());
    };
    let branch = gix::refs::FullName::try_from(format!("refs/heads/{branch}"))?;
    let repo = gix::open(repository)?;
    let outcome = push(
        &repo,
        &PushRequest {
            branch: branch.as_ref(),
            new: repo.head_id()?.detach(),
            transport: &GitoxideTransport::new(url),
            local: &NoLocalChecks,
            push_options: &[],
            push_size: 1_000_000_000,
            borrowed: Borrowed::Sent,
            last_seen: &LastSeen::default,
            // The last word before anything is sent.
            confirm: &|name, _advertisement| {
                if name == b"refs/heads/main" {
                    return Err("`main` is not pushed to from here".into());
                }
                Ok(())
            },
            agent: "sendoff-push-example/1",
            progress: &NoProgress,
            stop: &AtomicBool::new(false),
        },
    )?;
    match outcome {
        PushOutcome::Pushed(pushed) => {
            for message in &pushed.messages {
                println!("remote: {message}");
            }
            let action = pushed.action.as_str();
            println!("{action}: {} objects", pushed.objects);
            Ok(())
        }
        PushOutcome::Rejected(rejected) => Err(rejected.to_string().into()),
    }
}
