//! `Logins`: whether the push knows its login, so that the login can be hidden in what other steps send.

use std::sync::Arc;

use tokio::sync::{OnceCell, watch};

/// The shortest word that counts as a possible password, in bytes.
const MIN_PASSWORD_LENGTH: usize = 8;

/// Says when the login of a push is known. Steps of the push's group that send texts wait for it, because the texts can
/// contain a credential helper's password. Clones share it.
#[derive(Debug, Clone)]
pub struct Logins {
    settled: watch::Sender<bool>,
    learned: Arc<OnceCell<()>>,
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            settled: watch::Sender::new(true),
            learned: Arc::default(),
        }
    }
}

impl Logins {
    /// Announces a push that can need a login.
    pub(super) fn expect(&self) {
        self.settled.send_replace(false);
    }

    /// Marks the login as known, or the push as ended.
    pub fn settle(&self) {
        self.settled.send_replace(true);
    }

    /// Waits until no push still needs its login.
    pub(super) async fn settled(&self) {
        let mut state = self.settled.subscribe();
        while !*state.borrow_and_update() {
            if state.changed().await.is_err() {
                return;
            }
        }
    }

    /// Runs `work`, which reads the logins of credential helpers, once in a run. Concurrent callers wait for it.
    pub(super) async fn learn(&self, work: impl Future<Output = ()>) {
        self.learned.get_or_init(|| work).await;
    }
}

/// Says whether a text can contain a password: a word of at least 8 bytes that is not letters only.
pub(super) fn may_hold_password(text: &str) -> bool {
    let words = text.split(char::is_whitespace);
    let mut long = words.filter(|word| word.len() >= MIN_PASSWORD_LENGTH);
    long.any(|word| word.chars().any(|c| !c.is_alphabetic()))
}
