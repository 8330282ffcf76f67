//! The native push: `PushPermit` in, `Pushed` out. The whole conversation, from top to bottom.

pub mod advertisement;
mod around;
pub mod commands;
pub mod delta;
mod diagnosis;
mod error;
mod hook;
mod lfs;
mod limit;
mod link;
pub mod objects;
mod order;
pub mod pack;
pub mod pkt_line;
pub mod progress;
mod rejection;
mod remote_head;
pub mod status;
mod store;
mod submodules;

use std::io::Write;

use gix::ObjectId;
use gix::bstr::BString;
use tracing::debug;

use self::advertisement::Advertisement;
use self::commands::Negotiated;
use self::commands::RefUpdate;
use self::commands::encode_with_options;
use self::limit::Limited;
use self::link::Answer;
use self::link::Effect;
use self::link::Failed;
use self::link::Link;
use self::link::Service;
use self::link::Target;
use self::link::clean_line;
use self::pack::PackOptions;
use self::pack::PackStats;
use self::pack::Thin;
use self::status::Status;
use self::status::Unpack;
use self::store::Reader;

pub use around::Around;
pub use error::{Known, PushError};
pub use link::{AllowFile, AllowGit, PushOptions};
pub use order::{Action, PushOrder, Pushed};
pub use progress::{NoProgress, Progress};
pub use rejection::Rejection;
pub use remote_head::remote_head;
pub use submodules::Submodules;

/// Pushes one commit to the branch that the permit is for. Blocks; never forces, never fetches.
///
/// `Ok` means that the remote has the commit at that branch: it said so, or it was asked again.
pub fn push(repo: &gix::Repository, order: &PushOrder<'_>) -> Result<Pushed, PushError> {
    let directory = repo.workdir().unwrap_or_else(|| repo.git_dir()).to_owned();
    let target = Target {
        url: &order.remote.url,
        directory: &directory,
        options: order.options,
        stop: order.stop,
    };
    let mut link = Link::open(target, Service::ReceivePack)?;
    let advertisement = advertised(&mut link, repo)?;
    let name = BString::from(order.permit.branch().full());
    let old = advertisement.find(&name);
    if old == Some(order.new) {
        // Git runs the hook in this case too, with nothing to read.
        hook::run(order, None)?;
        link.leave();
        return Ok(Pushed::up_to_date(order.new));
    }
    if !advertisement.shallow.is_empty() {
        return Err(PushError::ShallowRemote);
    }
    let mut reader = reader(repo)?;
    check_fast_forward(repo, &reader, order, old)?;

    let update = RefUpdate {
        name,
        old: old.unwrap_or_else(|| repo.object_hash().null()),
        new: order.new,
    };
    hook::run(order, Some(&update))?;
    if order.options.around.hook.is_some() {
        // It may have packed the repository: what was opened before it is let go.
        reader = self::reader(repo)?;
    }
    let haves: Vec<ObjectId> = advertisement.all_ids().collect();
    let selection = objects::select_with(
        repo,
        &reader,
        order.new,
        &haves,
        old,
        order.progress,
        order.stop,
    )
    .map_err(select)?;
    let around = &order.options.around;
    if around.submodules == Submodules::Check {
        submodules::check(repo, selection.commits(), order.stop)?;
    }
    if around.hook.is_none() {
        lfs::check(repo, &selection, order.stop)?;
    }
    let negotiated = Negotiated::from_advertisement(&advertisement);
    let request = request(repo, order, &update, &negotiated)?;

    let mut stats = PackStats::default();
    let mut write = |out: &mut dyn Write| {
        stats = write_pack(out, &reader, &selection, &negotiated, order)?;
        order.progress.pack_ended();
        Ok(())
    };
    debug!(url = %order.remote.url, objects = selection.objects.len(), "sending");
    let facts = (order.remote_facts)();
    order
        .permit
        .confirm(&update.name, &facts)
        .map_err(|refused| PushError::Policy(Box::new(refused)))?;
    let answer = link.exchange(&request, &mut write, negotiated.side_band);
    drop(link);
    let messages = match answer.and_then(|answer| judge(answer, &update)) {
        Ok(messages) => messages,
        Err(failed) => ask_again(repo, target, &update, failed)?,
    };
    Ok(Pushed {
        action: if old.is_some() {
            Action::Updated
        } else {
            Action::Created
        },
        old,
        new: order.new,
        bytes: stats.bytes,
        objects: stats.objects,
        messages,
    })
}

/// Writes what is asked of the remote, as far as it comes before the pack.
fn request(
    repo: &gix::Repository,
    order: &PushOrder<'_>,
    update: &RefUpdate,
    negotiated: &Negotiated,
) -> Result<Vec<u8>, PushError> {
    let push_options = &order.options.around.push_options;
    if !push_options.is_empty() && !negotiated.push_options {
        return Err(PushError::NoPushOptions);
    }
    let updates = std::slice::from_ref(update);
    encode_with_options(updates, negotiated, &shallow(repo)?, push_options)
        .map_err(PushError::Request)
}

/// Opens the object directories.
fn reader(repo: &gix::Repository) -> Result<Reader, PushError> {
    Reader::new(repo).map_err(|error| select(error.into()))
}

/// Writes the pack, and no more of it than the policy lets out.
fn write_pack(
    out: &mut dyn Write,
    reader: &Reader,
    selection: &objects::Selection,
    negotiated: &Negotiated,
    order: &PushOrder<'_>,
) -> Result<PackStats, PushError> {
    let options = PackOptions {
        delta_base: negotiated.delta_base,
        thin: if negotiated.thin {
            Thin::Allowed
        } else {
            Thin::Forbidden
        },
    };
    let limit = order.options.push_size;
    let mut out = Limited::new(out, limit);
    let written = pack::write_with(
        &mut out,
        reader,
        selection,
        options,
        order.progress,
        order.stop,
    );
    written.map_err(|error| match error {
        pack::PackError::Write(_) if out.is_exceeded() => PushError::PushSize { limit },
        error => pack_error(error),
    })
}

/// Asks what the remote has.
fn advertised(link: &mut Link<'_>, repo: &gix::Repository) -> Result<Advertisement, PushError> {
    let lines = link.advertise()?;
    Advertisement::parse(&lines, repo.object_hash()).map_err(|error| match error {
        advertisement::AdvertisementError::Refused(text) => PushError::Fatal {
            said: clean_line(&text),
        },
        error => PushError::Advertisement(error),
    })
}

/// Proves that moving the branch loses no commit. The server does not check that for us.
fn check_fast_forward(
    repo: &gix::Repository,
    reader: &Reader,
    order: &PushOrder<'_>,
    old: Option<ObjectId>,
) -> Result<(), PushError> {
    let Some(old) = old else { return Ok(()) };
    if objects::is_fast_forward_with(repo, reader, old, order.new, order.stop).map_err(select)? {
        return Ok(());
    }
    Err(PushError::Diverged {
        branch: order.permit.branch().to_string(),
        remote: order.remote.name.to_string(),
        old,
        new: order.new,
        known: if reader.contains(&old) {
            Known::Here
        } else {
            Known::Elsewhere
        },
    })
}

/// Returns the commits whose parents this clone does not have; the server needs to know them.
fn shallow(repo: &gix::Repository) -> Result<Vec<ObjectId>, PushError> {
    let commits = repo.shallow_commits().map_err(|error| PushError::Objects {
        class: "corrupt",
        source: Box::new(error),
    })?;
    Ok(commits.map_or_else(Vec::new, |commits| commits.iter().copied().collect()))
}

/// Reads the report. Only `ok` for our ref is proof.
fn judge(answer: Answer, update: &RefUpdate) -> Result<Vec<String>, Failed> {
    let Ok(status) = Status::parse(&answer.report) else {
        let error = match answer.fatal {
            Some(said) => PushError::Fatal { said },
            None => PushError::Garbled,
        };
        return Err(Failed::unknown(error));
    };
    let messages = answer.messages;
    if let Unpack::Failed(reason) = &status.unpack {
        let reason = clean_line(reason);
        return Err(Failed::without_effect(PushError::Unpack {
            kind: Rejection::of(&reason, &messages),
            reason,
            messages,
        }));
    }
    let Some(ours) = status.find(&update.name) else {
        return Err(Failed::unknown(PushError::Garbled));
    };
    let Some(reason) = &ours.rejected else {
        return Ok(messages);
    };
    let reason = clean_line(reason);
    let kind = Rejection::of(&reason, &messages);
    let branch = update.name.strip_prefix(b"refs/heads/");
    let error = PushError::Rejected {
        branch: clean_line(branch.unwrap_or(&update.name)),
        kind,
        reason,
        messages,
    };
    // Whoever held the lock may have pushed the same commit.
    Err(if kind == Rejection::Lock {
        Failed::unknown(error)
    } else {
        Failed::without_effect(error)
    })
}

/// Finds out on a new connection what became of a push whose answer is missing.
fn ask_again(
    repo: &gix::Repository,
    target: Target<'_>,
    update: &RefUpdate,
    failed: Failed,
) -> Result<Vec<String>, PushError> {
    let Failed { error, effect } = failed;
    if effect == Effect::None {
        return Err(*error);
    }
    debug!(%error, "asking the remote what became of the push");
    let asked = Link::open(target, Service::ReceivePack).and_then(|mut link| {
        let advertisement = advertised(&mut link, repo)?;
        link.leave();
        Ok(advertisement.find(&update.name))
    });
    let before = (!update.old.is_null()).then_some(update.old);
    match asked {
        Ok(Some(tip)) if tip == update.new => Ok(Vec::new()),
        Ok(tip) if tip == before => Err(*error),
        // Somebody moved the branch meanwhile: whether ours was there in between is not known.
        Ok(_) | Err(_) => Err(PushError::UnknownOutcome { source: error }),
    }
}

fn select(error: objects::SelectError) -> PushError {
    use objects::SelectError as Error;
    let class = match &error {
        Error::Interrupted => return PushError::Stopped,
        Error::Missing(_) => "missing-objects",
        Error::MissingKnownTree(_) | Error::TooMany => "unsupported",
        Error::Corrupt(_) | Error::Read { .. } | Error::Store(_) | Error::History(_) => "corrupt",
    };
    PushError::Objects {
        class,
        source: Box::new(error),
    }
}

fn pack_error(error: pack::PackError) -> PushError {
    use pack::PackError as Error;
    let class = match &error {
        Error::Interrupted => return PushError::Stopped,
        Error::Write(_) => return PushError::Lost,
        Error::Missing(_) => "missing-objects",
        Error::TooMany => "unsupported",
        Error::Corrupt(_) | Error::Read { .. } | Error::Store(_) | Error::Encode(_) => "corrupt",
    };
    PushError::Objects {
        class,
        source: Box::new(error),
    }
}
