//! Steps made for the tests of the engine.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use sendoff::pipeline::{
    Context, ErrorKind, Outcome, Outputs, Step, StepDef, StepError, interruptible,
};
use sendoff::reason::Code;
use sendoff::template::Template;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) const KINDS: &[StepDef] = &[
    StepDef::of::<Say>("say", "says a text"),
    StepDef::of::<Say>("after-push", "says a text when push is done").needs(&["push"]),
    StepDef::of::<Say>("push", "says a text, and ships").ships(),
    StepDef::of::<Say>("clear", "says a text, always").always(),
    StepDef::of::<Act>("act", "does what the test needs"),
    StepDef::of::<Act>("slow", "does it without the general limit").no_step_timeout(),
];

thread_local! {
    /// How many steps of this test wait for each other.
    static WAITING: Cell<u32> = const { Cell::new(0) };
    static PREPARED: Cell<u32> = const { Cell::new(0) };
}

/// Whether the flag of the last stuck thread was raised; one test looks at it.
pub(super) static RAISED: AtomicBool = AtomicBool::new(false);

/// Says a rendered text, and gives it out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Say {
    /// What to say.
    text: Template,
}

sendoff::classes!(Say { text: D });

impl Default for Say {
    fn default() -> Self {
        Self {
            text: Template::new("hello").unwrap(),
        }
    }
}

#[async_trait(?Send)]
impl Step for Say {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let summary = cx.render(&self.text)?;
        let outputs = Outputs::from_iter([("text".to_owned(), Value::from(summary.clone()))]);
        Ok(Outcome::Done { summary, outputs })
    }
}

/// Does what a test needs.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Act {
    /// What to do.
    what: What,
    /// How long.
    millis: u64,
    /// What to say.
    message: String,
}

sendoff::classes!(Act {
    what: D,
    millis: D,
    message: D
});

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum What {
    #[default]
    Skip,
    Fail,
    FailInPassing,
    Bug,
    Panic,
    PanicInThread,
    Sleep,
    StuckThread,
    StuckPoll,
    Meet,
    UsePrepared,
}

#[async_trait(?Send)]
impl Step for Act {
    async fn prepare(&self, _cx: &Context<'_>) {
        if matches!(self.what, What::UsePrepared) {
            tokio::time::sleep(Duration::from_millis(self.millis)).await;
            PREPARED.set(PREPARED.get() + 1);
        }
    }

    async fn run(&self, _cx: &Context<'_>) -> Result<Outcome, StepError> {
        let wait = Duration::from_millis(self.millis);
        let message = self.message.clone();
        let error =
            |kind| Err(StepError::new(kind, Code::Rejected, message.clone()).advise("do this"));
        match self.what {
            What::Skip => Ok(Outcome::skipped(Code::NothingToShip, message)),
            What::Fail => error(ErrorKind::Denied),
            What::FailInPassing => error(ErrorKind::Transient),
            What::Bug => error(ErrorKind::Internal),
            What::Panic => panic!("{message}"),
            What::PanicInThread => {
                interruptible(move |_| {
                    assert!(message.is_empty(), "{message}");
                })
                .await?;
                Ok(Outcome::done("no panic"))
            }
            What::Sleep => {
                tokio::time::sleep(wait).await;
                Ok(Outcome::done("slept"))
            }
            What::StuckThread => {
                interruptible(move |stop| {
                    let began = std::time::Instant::now();
                    while began.elapsed() < wait && !stop.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    RAISED.store(stop.load(Ordering::Relaxed), Ordering::Relaxed);
                })
                .await?;
                Ok(Outcome::done("came loose"))
            }
            What::StuckPoll => {
                std::thread::sleep(wait);
                Ok(Outcome::done("came loose"))
            }
            What::Meet => {
                WAITING.set(WAITING.get() + 1);
                for _ in 0..1000 {
                    if WAITING.get() >= 2 {
                        return Ok(Outcome::done("met"));
                    }
                    tokio::task::yield_now().await;
                }
                error(ErrorKind::Denied)
            }
            What::UsePrepared => Ok(Outcome::done(format!("prepared {} times", PREPARED.get()))),
        }
    }
}
