//! The whole conversation of a push, from the first question to the last answer.

use std::borrow::Cow;
use std::io::Write;
use std::panic::resume_unwind;
use std::sync::mpsc::channel;
use std::thread;

use gix::ObjectId;
use tracing::debug;

use super::advertisement::{Advertisement, AdvertisementError};
use super::aim::Aim;
use super::commands::{Negotiated, RefUpdate, RequestExtras, encode_request};
use super::early::{Early, Meanwhile, Verdict};
use super::error::PushError;
use super::lfs;
use super::limit::Limited;
use super::objects::{SelectError, Wanted, new_commits, select_from};
use super::order::{Action, PushOrder, Pushed};
use super::outcome::settle;
use super::pack::{PackError, PackOptions, PackStats, Plan, Writer};
use super::store::Reader;
use super::transport::{AnswerForm, Link, PushRequest, Service, Transport};

/// Asks the remote what it has, and sends what it lacks.
pub(super) fn converse(
    repo: &gix::Repository,
    order: &PushOrder<'_>,
    aim: Aim,
) -> Result<Pushed, PushError> {
    let talk = Talk { repo, order, aim };
    let (transport, kind) = (order.transport, repo.object_hash());
    if order.local.has_hook() {
        // It takes its time and may pack the repository: nothing is begun before it has run.
        let (link, advertisement) = ask(transport, kind)?;
        return talk.deliver(link, &advertisement, &reader(repo)?, None);
    }
    let reader = reader(repo)?;
    let name = order.branch.as_bstr().to_owned();
    let meanwhile = Meanwhile::default();
    let (push_options, stop) = (order.push_options, order.stop);
    thread::scope(|scope| {
        let (begun_is_done, done) = channel::<()>();
        let meanwhile = &meanwhile;
        let asking = scope.spawn(move || {
            let verdict = Verdict::on(meanwhile);
            let asked = ask(transport, kind);
            match &asked {
                Ok((_, advertisement)) if refusal(push_options, advertisement).is_none() => {
                    verdict.answer(advertisement.find(&name));
                }
                _ => drop(verdict),
            }
            meanwhile.watch(stop, &done);
            asked
        });
        let early = Early::select(repo, &reader, order, aim, meanwhile);
        let plan = early
            .as_ref()
            .and_then(|early| early.plan(&reader, meanwhile));
        let begun = early.as_ref().zip(plan.as_ref());
        let begun = begun.and_then(|(early, plan)| early.pack(&reader, plan, order, meanwhile));
        drop(begun_is_done);
        let asked = asking.join().unwrap_or_else(|panic| resume_unwind(panic));
        let (link, advertisement) = asked?;
        talk.deliver(link, &advertisement, &reader, early.as_ref().zip(begun))
    })
}

/// Returns why a remote cannot take the push, as far as it says so before anything is sent.
fn refusal(push_options: &[String], advertisement: &Advertisement) -> Option<PushError> {
    if !advertisement.shallow.is_empty() {
        return Some(PushError::ShallowRemote);
    }
    let takes_options = || Negotiated::from_advertisement(advertisement).push_options;
    (!push_options.is_empty() && !takes_options()).then_some(PushError::NoPushOptions)
}

/// Connects, and asks what the remote has.
fn ask(
    transport: &dyn Transport,
    kind: gix::hash::Kind,
) -> Result<(Box<dyn Link + '_>, Advertisement), PushError> {
    let mut link = transport.open(Service::ReceivePack)?;
    let advertisement = advertised(transport, &mut *link, kind)?;
    Ok((link, advertisement))
}

/// One push, and whom it is to.
#[derive(Clone, Copy)]
struct Talk<'a> {
    repo: &'a gix::Repository,
    order: &'a PushOrder<'a>,
    aim: Aim,
}

impl Talk<'_> {
    /// Goes on when the remote has said what it has. What was begun is used where it comes to the same.
    fn deliver<'r>(
        self,
        mut link: Box<dyn Link + '_>,
        advertisement: &Advertisement,
        reader: &'r Reader,
        begun: Option<(&'r Early, Writer<'r, '_>)>,
    ) -> Result<Pushed, PushError> {
        let Self { repo, order, aim } = self;
        let name = order.branch.as_bstr().to_owned();
        let old = advertisement.find(&name);
        if old == Some(order.new) {
            // Git runs the hook in this case too, with nothing to read.
            order.local.run_hook(None)?;
            link.leave();
            return Ok(Pushed::up_to_date(order.new));
        }
        if let Some(refusal) = refusal(order.push_options, advertisement) {
            return Err(refusal);
        }
        // It was proven meanwhile for a branch that is where it was seen.
        let proven = begun.as_ref().map(|(early, _)| early.old);
        if proven != Some(old) {
            aim.check(repo, reader, order, old)?;
        }
        let update = RefUpdate {
            name,
            old: old.unwrap_or_else(|| repo.object_hash().null()),
            new: order.new,
        };
        let reader = if order.local.has_hook() {
            order.local.run_hook(Some(&update))?;
            // It may have packed the repository: what was opened before it is let go.
            &self::reader(repo)?
        } else {
            reader
        };
        let haves: Vec<ObjectId> = advertisement.all_ids().collect();
        let wanted = Wanted {
            new: order.new,
            has: &haves,
            old_tip: old,
        };
        let begun = begun.and_then(|(early, writer)| {
            let new = new_commits(repo, reader, wanted, order.stop).ok()?;
            (early.new == new).then_some((early, writer))
        });
        let again;
        let (reader, selection, begun) = if let Some((early, writer)) = begun {
            (reader, Cow::Borrowed(&early.selection), Some(writer))
        } else {
            // Somebody may have packed the repository while the remote was asked.
            again = self::reader(repo)?;
            let reader = &again;
            let new = new_commits(repo, reader, wanted, order.stop)?;
            let selection = select_from(reader, &new, order.progress, order.stop)?;
            (reader, Cow::Owned(selection), None)
        };
        order.local.check(&mut selection.commits())?;
        if !order.local.has_hook() {
            lfs::check(reader, &selection, order.stop)?;
        }
        let negotiated = Negotiated::from_advertisement(advertisement);
        let request = request(repo, order, &update, &negotiated)?;
        let options = PackOptions::from(&negotiated);
        let mut begun = begun.filter(|_| options == PackOptions::USUAL);

        let mut stats = PackStats::default();
        let mut write = |out: &mut dyn Write| {
            stats = if let Some(writer) = begun.take() {
                write_pack(out, writer, order)?
            } else {
                let plan = Plan::new(reader, &selection, order.stop)?;
                let writer = Writer::new(reader, &selection, &plan, options, order.progress)?;
                write_pack(out, writer, order)?
            };
            Ok(())
        };
        debug!(
            remote = order.transport.remote(),
            objects = selection.objects.len(),
            "sending"
        );
        (order.confirm)(&update.name, advertisement).map_err(PushError::Policy)?;
        let answer = link.exchange(PushRequest {
            head: &request,
            pack: &mut write,
            handed_over: &mut || order.progress.pack_ended(),
            form: AnswerForm {
                side_band: negotiated.side_band,
                hide: order.transport.hide(),
            },
        });
        drop(link);
        let messages = settle(order.transport, answer, &update)?;
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
}

/// Writes what is asked of the remote, as far as it comes before the pack.
fn request(
    repo: &gix::Repository,
    order: &PushOrder<'_>,
    update: &RefUpdate,
    negotiated: &Negotiated,
) -> Result<Vec<u8>, PushError> {
    let extras = RequestExtras {
        shallow: &shallow(repo)?,
        push_options: order.push_options,
        agent: order.agent,
    };
    encode_request(std::slice::from_ref(update), negotiated, extras).map_err(PushError::Request)
}

/// Opens the object directories.
fn reader(repo: &gix::Repository) -> Result<Reader, PushError> {
    Reader::new(repo).map_err(|error| SelectError::from(error).into())
}

/// Writes the pack, and no more of it than the policy lets out.
fn write_pack(
    out: &mut dyn Write,
    writer: Writer<'_, '_>,
    order: &PushOrder<'_>,
) -> Result<PackStats, PushError> {
    let limit = order.push_size;
    let mut out = Limited::new(out, limit, order.progress);
    let written = writer.write_to(&mut out, order.stop);
    written.map_err(|error| match error {
        PackError::Write(_) if out.is_exceeded() => PushError::PushSize { limit },
        error => error.into(),
    })
}

/// Asks what the remote has.
pub(super) fn advertised(
    transport: &dyn Transport,
    link: &mut dyn Link,
    kind: gix::hash::Kind,
) -> Result<Advertisement, PushError> {
    let lines = link.advertise()?;
    Advertisement::parse(&lines, kind).map_err(|error| match error.cleaned(transport.hide()) {
        AdvertisementError::Refused(said) => PushError::Fatal {
            said: said.to_string(),
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
