//! The native push: `PushPermit` in, `Pushed` out. The whole conversation, from top to bottom.

pub mod advertisement;
mod aim;
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
mod outcome;
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
use self::aim::Aim;
use self::commands::Negotiated;
use self::commands::RefUpdate;
use self::commands::encode_with_options;
use self::limit::Limited;
use self::link::Link;
use self::link::PushRequest;
use self::link::Service;
use self::link::Target;
use self::link::clean_line;
use self::objects::SelectError;
use self::objects::Wanted;
use self::outcome::ask_again;
use self::outcome::judge;
use self::pack::PackOptions;
use self::pack::PackStats;
use self::pack::Thin;
use self::store::Reader;

pub use around::Around;
pub use error::{Known, PushError};
pub use link::{AllowFile, AllowGit, LoginHabit, LoginUse, PushOptions};
pub use order::{Action, PushOrder, Pushed};
pub use progress::{NoProgress, Progress};
pub use rejection::Rejection;
pub use remote_head::remote_head;
pub use submodules::Submodules;

/// Pushes one commit to the branch that the permit is for. Blocks; never forces, never fetches.
///
/// `Ok` means that the remote has the commit at that branch: it said so, or it was asked again.
pub fn push(repo: &gix::Repository, order: &PushOrder<'_>) -> Result<Pushed, PushError> {
    converse(repo, order, Aim::FastForward)
}

/// Pushes one commit to a branch that was rewritten: it may lose commits over there, but only those that
/// `expected` has, as `git push --force-with-lease=BRANCH:EXPECTED`. None expects no such branch.
///
/// The expectation is compared with what the remote says first, and once more by the remote at the
/// moment of the update. Where it comes from is for the caller to know: a tracking ref is none, because
/// a fetch in the background moves it.
pub fn push_with_lease(
    repo: &gix::Repository,
    order: &PushOrder<'_>,
    expected: Option<ObjectId>,
) -> Result<Pushed, PushError> {
    converse(repo, order, Aim::Lease(expected))
}

fn converse(repo: &gix::Repository, order: &PushOrder<'_>, aim: Aim) -> Result<Pushed, PushError> {
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
    aim.check(repo, &reader, order, old)?;
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
        Wanted {
            new: order.new,
            has: &haves,
            old_tip: old,
        },
        order.progress,
        order.stop,
    )?;
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
    let answer = link.exchange(PushRequest {
        head: &request,
        pack: &mut write,
        side_band: negotiated.side_band,
    });
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
    Reader::new(repo).map_err(|error| SelectError::from(error).into())
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
        error => error.into(),
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

/// Returns the commits whose parents this clone does not have; the server needs to know them.
fn shallow(repo: &gix::Repository) -> Result<Vec<ObjectId>, PushError> {
    let commits = repo.shallow_commits().map_err(|error| PushError::Objects {
        class: "corrupt",
        source: Box::new(error),
    })?;
    Ok(commits.map_or_else(Vec::new, |commits| commits.iter().copied().collect()))
}
