//! Plans a pipeline, and handles mistakes in a layer of the policy that only planning finds.

use crate::pipeline::Pipeline;
use crate::policy::{LayerKind, Loaded, PolicyError};
use crate::steps::STEPS;

use super::{AskRemote, Session, load};

/// An upper bound for the number of layers that can be left out.
const MOST_LAYERS: usize = 4;

impl Session {
    /// Says whether the policy has a pipeline of this name.
    pub fn has_pipeline(&self, name: &str) -> bool {
        self.loaded.policy.pipeline(name).is_some()
    }

    /// Says whether there is a step of this name, in the policy or built in.
    pub fn has_step(&self, name: &str) -> bool {
        Pipeline::knows_step(&self.loaded.policy, name, STEPS)
    }

    /// Plans a pipeline by name as [`planned`](Self::planned) does, with the repository's policy of the policy base where
    /// the pipeline ships the branch.
    pub fn planned_at_policy_base(
        self,
        name: &str,
        ask: AskRemote,
    ) -> Result<(Self, Pipeline), PolicyError> {
        let before = self.pipeline(name);
        let (session, is_other) = if before.as_ref().map_or(true, Pipeline::ships) {
            self.with_policy_base(ask).map_err(|error| *error)?
        } else {
            (self, false)
        };
        let (mut session, pipeline) = match before {
            Ok(pipeline) if !is_other => (session, pipeline),
            _ => session.planned(name)?,
        };
        session.notes.extend(load::left_out(&session.loaded));
        Ok((session, pipeline))
    }

    /// Plans one step alone as [`single_step`](Self::single_step) does, with the repository's policy of the policy base
    /// where the step ships the branch.
    pub fn single_step_at_policy_base(
        mut self,
        name: &str,
        with: &[String],
    ) -> Result<(Self, Pipeline), PolicyError> {
        let pipeline = self.single_step(name, with)?;
        if !pipeline.ships() {
            return Ok((self, pipeline));
        }
        self.single = Some(with.to_vec());
        let laid = self.with_policy_base(AskRemote::Yes);
        let (session, is_other) = laid.map_err(|error| *error)?;
        if !is_other {
            return Ok((session, pipeline));
        }
        let pipeline = session.single_step(name, with)?;
        Ok((session, pipeline))
    }

    /// Plans a pipeline by name, whatever is wrong with it in a file.
    ///
    /// A mistake in the repository's layer drops that layer. One in the system's or the user's lets nothing ship, and
    /// lets messages wait for its correction; the heartbeat is cleared, because the platform is known. Only a mistake
    /// of the command line is an error.
    pub fn planned(mut self, name: &str) -> Result<(Self, Pipeline), PolicyError> {
        let mut error = match self.pipeline(name) {
            Ok(pipeline) => return Ok((self, pipeline)),
            Err(error) => error,
        };
        let mut rest: Option<Loaded> = None;
        for _ in 0..MOST_LAYERS {
            let from = rest.as_ref().unwrap_or(&self.loaded);
            let without = match from.without(&error, STEPS) {
                Some(without) => without,
                // A mistake of the command line stays an error, also where it shows only now.
                None if rest.is_none() || is_of_command_line(&error) => return Err(error),
                // The built-in policy does not have the pipeline.
                None => return Ok(self.with_nothing_of(name)),
            };
            self.notes
                .extend(without.problems.last().map(load::dropped));
            self.loaded.problems.clone_from(&without.problems);
            if error.origin().is_some_and(LayerKind::is_of_repository) && !without.fail_closed {
                self.loaded = without;
                match self.pipeline(name) {
                    Ok(pipeline) => return Ok((self, pipeline)),
                    Err(next) => error = next,
                }
                continue;
            }
            let was_closed = std::mem::replace(&mut self.loaded.fail_closed, true);
            match Pipeline::plan(&without.policy, name, STEPS) {
                Ok(pipeline) if was_closed => return Ok((self, pipeline.fail_closed())),
                Ok(pipeline) => return Ok((self, pipeline.without_shipping())),
                Err(next) => error = next,
            }
            rest = Some(without);
        }
        Err(error)
    }

    /// Returns a pipeline without steps: its report has the notes only.
    fn with_nothing_of(self, name: &str) -> (Self, Pipeline) {
        let pipeline = Pipeline::of_steps(name, []);
        (self, pipeline)
    }
}

fn is_of_command_line(error: &PolicyError) -> bool {
    error.origin().is_some_and(LayerKind::is_command_line)
}
