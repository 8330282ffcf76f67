//! The whole of a push, from the reference discovery to the report; git's `send-pack`.

use std::borrow::Cow;
use std::panic::resume_unwind;
use std::sync::mpsc::channel;
use std::thread;

use gix::ObjectId;

use crate::advertisement::Advertisement;
use crate::commands::{Negotiated, RefUpdate, RequestExtras, encode_request};
use crate::discovery::{check, discover};
use crate::error::PushError;
use crate::lfs;
use crate::objects::{Selection, Wanted, new_commits};
use crate::outcome::{PushOutcome, Pushed};
use crate::pack::{PackOptions, Writer};
use crate::promised::{self, open_reader};
use crate::request::PushRequest;
use crate::speculative::{DiscoveryEnd, DiscoveryState, Speculation};
use crate::store::Reader;
use crate::transfer::{OutgoingPack, transfer};
use crate::transport::{Connection, ResponseFormat};
use crate::update_rule::UpdateRule;

/// Asks the remote what it has, and sends what it lacks.
pub(crate) fn send_pack(
    repo: &gix::Repository,
    request: &PushRequest<'_>,
    rule: UpdateRule,
) -> Result<PushOutcome, PushError> {
    let push = Push {
        repo,
        request,
        rule,
    };
    let (transport, kind) = (request.transport, repo.object_hash());
    if request.local.has_hook() {
        // It takes its time and can pack the repository: nothing is packed before it has run.
        let (connection, advertisement) = discover(transport, kind, request.branch.as_bstr())?;
        return push.finish(
            connection,
            &advertisement,
            &open_reader(repo, request)?,
            None,
        );
    }
    let reader = open_reader(repo, request)?;
    let name = request.branch.as_bstr();
    let state = DiscoveryState::default();
    let (push_options, stop) = (request.push_options, request.stop);
    thread::scope(|scope| {
        let (packed, done) = channel::<()>();
        let state = &state;
        let discovery = thread::Builder::new().spawn_scoped(scope, move || {
            let end = DiscoveryEnd::of(state);
            let discovered = discover(transport, kind, name);
            match &discovered {
                Ok((_, advertisement)) if check(advertisement, push_options).is_ok() => {
                    end.advertised(advertisement.find(name));
                }
                _ => drop(end),
            }
            state.watch(stop, &done);
            discovered
        });
        let discovery = discovery.map_err(|refused| PushError::Objects {
            class: "no-resources",
            source: Box::new(refused),
        })?;
        let speculation = Speculation::select(repo, &reader, request, rule, state);
        let plan = speculation
            .as_ref()
            .and_then(|speculation| speculation.plan(&reader, state));
        let writer = speculation.as_ref().zip(plan.as_ref());
        let writer =
            writer.and_then(|(speculation, plan)| speculation.pack(&reader, plan, request, state));
        drop(packed);
        let discovered = discovery
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic));
        let (connection, advertisement) = discovered?;
        let speculative = speculation.as_ref().zip(writer);
        push.finish(connection, &advertisement, &reader, speculative)
    })
}

/// One push.
#[derive(Clone, Copy)]
struct Push<'a> {
    repo: &'a gix::Repository,
    request: &'a PushRequest<'a>,
    rule: UpdateRule,
}

impl Push<'_> {
    /// Goes on after the reference discovery. The speculative pack is used where it is what would be made now.
    fn finish<'r>(
        self,
        connection: Box<dyn Connection + '_>,
        advertisement: &Advertisement,
        reader: &'r Reader,
        speculative: Option<(&'r Speculation, Writer<'r, '_>)>,
    ) -> Result<PushOutcome, PushError> {
        let (repo, request) = (self.repo, self.request);
        request.local.advertised(advertisement);
        let old = advertisement.find(request.branch.as_bstr());
        if old == Some(request.new) {
            // Git runs the hook in this case too, with nothing to read.
            self.run_hook(None)?;
            connection.close();
            return Ok(PushOutcome::Pushed(Pushed::up_to_date(request.new)));
        }
        check(advertisement, request.push_options)?;
        // It was checked meanwhile for a branch whose value is that of its tracking ref.
        let checked = speculative.as_ref().map(|(speculation, _)| speculation.old);
        if checked != Some(old) {
            self.rule.check(repo, reader, request, old)?;
        }
        let update = self.update(old);
        let reader = if request.local.has_hook() {
            self.run_hook(Some(&update))?;
            // It may have packed the repository: what was opened before it is closed.
            &open_reader(repo, request)?
        } else {
            reader
        };
        let haves: Vec<ObjectId> = advertisement.all_ids().collect();
        let wanted = Wanted {
            new: request.new,
            has: &haves,
            old_tip: old,
        };
        let usable = speculative
            .filter(|(speculation, _)| self.selects_the_same(speculation, reader, wanted));
        let again;
        let (reader, selection, writer) = if let Some((speculation, writer)) = usable {
            (reader, Cow::Borrowed(&speculation.selection), Some(writer))
        } else {
            // Somebody may have packed the repository during the reference discovery.
            let selection;
            (again, selection) = promised::select(repo, request, wanted)?;
            (&again, Cow::Owned(selection), None)
        };
        self.check_selection(reader, &selection)?;
        let sent = self.send(
            connection,
            advertisement,
            &update,
            reader,
            &selection,
            writer,
        )?;
        Ok(sent.with_listed(haves.len()))
    }

    /// Sends what was selected, once it is confirmed.
    fn send<'p>(
        self,
        connection: Box<dyn Connection + '_>,
        advertisement: &Advertisement,
        update: &RefUpdate,
        reader: &'p Reader,
        selection: &'p Selection,
        speculative: Option<Writer<'p, '_>>,
    ) -> Result<PushOutcome, PushError> {
        let request = self.request;
        let negotiated = Negotiated::from_advertisement(advertisement);
        let head = self.head(update, &negotiated)?;
        (request.confirm)(&update.name, advertisement).map_err(PushError::NotConfirmed)?;
        let pack = OutgoingPack {
            reader,
            selection,
            options: PackOptions::from(&negotiated),
            speculative,
        };
        let format = ResponseFormat {
            side_band: negotiated.side_band,
            redact: request.transport.redact(),
        };
        transfer(request, connection, &head, pack, format, update)
    }

    fn update(self, old: Option<ObjectId>) -> RefUpdate {
        RefUpdate {
            name: self.request.branch.as_bstr().to_owned(),
            old: old.unwrap_or_else(|| self.repo.object_hash().null()),
            new: self.request.new,
        }
    }

    fn run_hook(self, update: Option<&RefUpdate>) -> Result<(), PushError> {
        let run = self.request.local.run_hook(update);
        run.map_err(PushError::LocalCheck)
    }

    /// Says whether a speculative selection is what would be selected now.
    fn selects_the_same(
        self,
        speculation: &Speculation,
        reader: &Reader,
        wanted: Wanted<'_>,
    ) -> bool {
        let new = new_commits(self.repo, reader, wanted, self.request.stop);
        new.is_ok_and(|new| speculation.new == new)
    }

    /// Makes the local checks of what is about to be sent, and those of files in LFS, which a hook makes where there is one.
    fn check_selection(self, reader: &Reader, selection: &Selection) -> Result<(), PushError> {
        let local = self.request.local;
        let checked = local.check(&mut selection.commits());
        checked.map_err(PushError::LocalCheck)?;
        if !local.has_hook() {
            lfs::check(reader, selection, self.request.stop)?;
        }
        Ok(())
    }

    /// Writes the update request as far as it comes before the pack.
    fn head(self, update: &RefUpdate, negotiated: &Negotiated) -> Result<Vec<u8>, PushError> {
        let extras = RequestExtras {
            shallow: &shallow(self.repo)?,
            push_options: self.request.push_options,
            agent: self.request.agent,
        };
        encode_request(std::slice::from_ref(update), negotiated, extras).map_err(PushError::Request)
    }
}

/// Returns the commits whose parents this clone does not have; the server needs to know them.
fn shallow(repo: &gix::Repository) -> Result<Vec<ObjectId>, PushError> {
    let commits = repo.shallow_commits().map_err(|error| PushError::Objects {
        class: "corrupt",
        source: Box::new(error),
    })?;
    Ok(commits.map_or_else(Vec::new, |commits| commits.iter().copied().collect()))
}
