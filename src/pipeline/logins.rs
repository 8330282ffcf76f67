//! `Logins`: whether the push knows its login, so that the login can be hidden in what other steps send.

use std::sync::Arc;

use tokio::sync::{OnceCell, watch};

/// The shortest word that is taken for a possible password, in bytes.
const SHORTEST: usize = 8;

/// Says when the login of a push is known. Steps of the push's group that send texts wait for it: a
/// credential helper's password may stand in them. Clones are one.
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
    /// Says that a push begins that may ask for a login.
    pub(super) fn expect(&self) {
        self.settled.send_replace(false);
    }

    /// Says that the login is known, or that the push has ended.
    pub fn settle(&self) {
        self.settled.send_replace(true);
    }

    /// Waits until no push is at its login.
    pub(super) async fn settled(&self) {
        let mut state = self.settled.subscribe();
        while !*state.borrow_and_update() {
            if state.changed().await.is_err() {
                return;
            }
        }
    }

    /// Does `work`, which makes known what others keep, once in a run; whoever comes meanwhile waits for it.
    pub(super) async fn learn(&self, work: impl Future<Output = ()>) {
        self.learned.get_or_init(|| work).await;
    }
}

/// Says whether a password may stand in a text: a word of some length that is more than letters.
pub(super) fn may_hold_password(text: &str) -> bool {
    let words = text.split(char::is_whitespace);
    let mut long = words.filter(|word| word.len() >= SHORTEST);
    long.any(|word| word.chars().any(|c| !c.is_alphabetic()))
}
