//! Which branch the HEAD of a destination names: asked of that destination alone, and only for a branch that it has.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use gix::refs::FullNameRef;
use sendoff_push::advertisement::AdvertisementReader;
use sendoff_push::sideband::Answer;
use sendoff_push::{ClassifiedError, Connection, PushError, RequestBody, SendError};

use crate::git::transport::{HeadRecord, PushOptions, TransportError, head_of};
use crate::names::{RemoteUrl, Scheme};
use crate::policy::{RemoteFacts, RemoteHead};
use crate::threads::lock;

/// The interval at which a caller that waits for the answer checks the stop flag.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What one destination's HEAD names. Asked at most once.
#[derive(Debug)]
pub struct HeadQuestion {
    url: RemoteUrl,
    /// What a relative path starts from.
    directory: PathBuf,
    options: PushOptions,
    asked: Mutex<Asked>,
    /// Ends the thread that asks.
    over: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Asked {
    NotYet,
    Now(Receiver<Said>),
    Answered(RemoteHead),
    /// There is no answer, for this reason.
    Failed(String),
}

/// What a remote said, or why it said nothing.
type Said = Result<RemoteHead, String>;

impl HeadQuestion {
    /// Prepares the question. Sends nothing.
    pub fn new(url: &RemoteUrl, directory: &Path, options: &PushOptions) -> Self {
        Self {
            url: url.clone(),
            directory: directory.to_owned(),
            options: options.clone(),
            asked: Mutex::new(Asked::NotYet),
            over: Arc::default(),
        }
    }

    /// Asks on a connection of its own, where the scheme allows two at a time, and returns at once.
    pub fn begin(&self) {
        let mut asked = self.lock();
        if !is_one_at_a_time(&self.url) && matches!(*asked, Asked::NotYet) {
            *asked = self.start();
        }
    }

    /// Returns the answer, and waits for it until `stop` is raised.
    pub fn facts(&self, stop: &AtomicBool) -> RemoteFacts {
        let kept = self.options.head.kept().cloned();
        let mut asked = self.lock();
        if matches!(*asked, Asked::NotYet) {
            *asked = match &kept {
                // To ask would take a login of the user's, perhaps a touch of a key, once more.
                Some(kept) if is_one_at_a_time(&self.url) => {
                    Asked::Answered(RemoteHead::Names(kept.clone()))
                }
                _ => self.start(),
            };
        }
        if let Asked::Now(answer) = &*asked {
            let said = wait(answer, stop);
            if let Ok(RemoteHead::Names(branch)) = &said {
                self.options.head.learn(branch.clone());
            }
            *asked = said.map_or_else(Asked::Failed, Asked::Answered);
        }
        let (head, failure) = match &*asked {
            Asked::Answered(head) => (head.clone(), None),
            Asked::Failed(failure) => (RemoteHead::Unknown, Some(failure.clone())),
            Asked::NotYet | Asked::Now(_) => (RemoteHead::Unknown, None),
        };
        RemoteFacts {
            head,
            kept,
            failure,
        }
    }

    fn start(&self) -> Asked {
        let (tell, answer) = channel();
        let (url, directory) = (self.url.clone(), self.directory.clone());
        let (options, over) = (self.options.clone(), Arc::clone(&self.over));
        let asking = move || {
            let head = head_of(&url, &directory, &options, &over).map_err(|error| {
                tracing::debug!(%error, "the remote did not say what its HEAD names");
                why_not(error, &options)
            });
            // The receiver can be gone.
            let _gone = tell.send(head);
        };
        match thread::Builder::new()
            .name("remote-head".into())
            .spawn(asking)
        {
            Ok(_detached) => Asked::Now(answer),
            Err(error) => {
                tracing::debug!(%error, "there is no thread to ask for the remote's HEAD");
                Asked::Answered(RemoteHead::Unknown)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        lock(&self.asked)
    }
}

impl Drop for HeadQuestion {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Waits for the answer until `stop` is raised.
fn wait(answer: &Receiver<Said>, stop: &AtomicBool) -> Said {
    loop {
        match answer.recv_timeout(LOOK_EVERY) {
            Ok(head) => return head,
            Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
            Err(_) => return Ok(RemoteHead::Unknown),
        }
    }
}

/// Says in a line why a remote did not answer.
fn why_not(error: Box<dyn ClassifiedError>, options: &PushOptions) -> String {
    let asked: &(dyn Error + 'static) = &*error;
    match asked.downcast_ref() {
        // Its own words are of a push.
        Some(TransportError::Forbidden { host, said }) if said.is_empty() => {
            format!("{host} does not allow a fetch")
        }
        Some(TransportError::Forbidden { host, said }) => {
            format!("{host} does not allow a fetch: {said}")
        }
        _ => PushError::Transport(error).summary(&options.known),
    }
}

/// Says whether the question may need the one connection that is open at a time.
pub(super) fn may_be_asked_alone(record: &HeadRecord, url: &RemoteUrl) -> bool {
    record.kept().is_none() && is_one_at_a_time(url)
}

/// Says whether a second connection is not made while one is open: ssh may ask for a touch of a key, a daemon may
/// take one client at a time.
pub fn is_one_at_a_time(url: &RemoteUrl) -> bool {
    matches!(url.scheme(), Scheme::Ssh | Scheme::Git)
}

/// What a push is sent over, or why there is none.
type Opened<'a> = Result<Box<dyn Connection + 'a>, Box<dyn ClassifiedError>>;

/// Opens receive-pack. Where the destination has the branch, at another commit, and its HEAD can only be asked for without
/// another connection, this one is closed, the question asked, and another one opened.
pub(super) fn open_after_question<'a>(
    branch: &FullNameRef,
    new: gix::ObjectId,
    facts: &(dyn Fn() -> RemoteFacts + Sync),
    open: &dyn Fn() -> Opened<'a>,
) -> Opened<'a> {
    let mut connection = open()?;
    let mut reader = AdvertisementReader::new(new.kind(), branch.as_bstr());
    connection.advertise(&mut reader)?;
    // The push reports what cannot be read.
    let old = reader.so_far().find(branch.as_bstr());
    if old.is_none_or(|old| old == new) {
        return Ok(Box::new(Advertised {
            connection,
            read: Some(reader),
        }));
    }
    connection.close();
    // Kept by the thread that answers; the permit asks once more, and gets the same.
    let _facts = facts();
    open()
}

/// A connection whose advertisement was read already.
struct Advertised<'a> {
    connection: Box<dyn Connection + 'a>,
    read: Option<AdvertisementReader>,
}

impl Connection for Advertised<'_> {
    fn advertise(
        &mut self,
        reader: &mut AdvertisementReader,
    ) -> Result<(), Box<dyn ClassifiedError>> {
        match self.read.take() {
            // It was made for the same branch.
            Some(read) => *reader = read,
            None => self.connection.advertise(reader)?,
        }
        Ok(())
    }

    fn send_pack(&mut self, request: RequestBody<'_>) -> Result<Answer, SendError> {
        self.connection.send_pack(request)
    }

    fn close(self: Box<Self>) {
        self.connection.close();
    }
}
