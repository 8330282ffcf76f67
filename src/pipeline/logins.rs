//! `Logins`: whether the push knows its login, so that the login can be hidden in what other steps send.

use tokio::sync::watch;

/// Says when the login of a push is known. Steps of the push's group that send texts wait for it: a
/// credential helper's password may stand in them. Clones are one.
#[derive(Debug, Clone)]
pub struct Logins(watch::Sender<bool>);

impl Default for Logins {
    fn default() -> Self {
        Self(watch::Sender::new(true))
    }
}

impl Logins {
    /// Says that a push begins that may ask for a login.
    pub(super) fn expect(&self) {
        self.0.send_replace(false);
    }

    /// Says that the login is known, or that the push has ended.
    pub fn settle(&self) {
        self.0.send_replace(true);
    }

    /// Waits until no push is at its login.
    pub(super) async fn settled(&self) {
        let mut state = self.0.subscribe();
        while !*state.borrow_and_update() {
            if state.changed().await.is_err() {
                return;
            }
        }
    }
}
