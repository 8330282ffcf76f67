//! The store in `SQLite` as a database of schedules.

use jiff::Timestamp;

use super::super::{Store, StoreError};
use super::claim::Due;
use super::firing::{Claim, FiringEnd, FiringRow, ScheduleFiring, Wait};
use super::row::{NewSchedule, ScheduleRow, ScheduleStatus};
use super::{ScheduleStore, Switch};

impl ScheduleStore for Store {
    fn add(&self, new: &NewSchedule) -> Result<bool, StoreError> {
        let added = self.insert_schedules(std::slice::from_ref(new))?;
        Ok(added.contains(&true))
    }

    fn add_all(&self, new: &[NewSchedule]) -> Result<Vec<bool>, StoreError> {
        self.insert_schedules(new)
    }

    fn change(&self, id: i64, new: &NewSchedule) -> Result<(), StoreError> {
        self.change_schedule(id, new)
    }

    fn switch(
        &self,
        id: i64,
        to: Switch,
        next_run_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.switch_schedule(id, to == Switch::On, next_run_at)
    }

    fn remove(&self, id: i64) -> Result<(), StoreError> {
        self.remove_schedule(id)
    }

    fn note_problem(&self, id: i64, problem: &str) -> Result<(), StoreError> {
        self.note_schedule_problem(id, problem)
    }

    fn find(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError> {
        self.find_schedule(name)
    }

    fn get(&self, id: i64) -> Result<Option<ScheduleRow>, StoreError> {
        self.schedule_of(id)
    }

    fn all(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        self.all_schedules()
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.due_schedules(now, limit)
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Self::next_due(self)
    }

    fn claim(
        &self,
        due: &ScheduleRow,
        claim: &Claim<'_>,
    ) -> Result<Option<ScheduleFiring>, StoreError> {
        self.claim_due(due, claim)
    }

    fn begin(
        &self,
        of: &ScheduleRow,
        claim: &Claim<'_>,
    ) -> Result<Option<ScheduleFiring>, StoreError> {
        self.begin_now(of, claim)
    }

    fn take_up(&self, claim: &Claim<'_>, limit: usize) -> Result<Vec<ScheduleFiring>, StoreError> {
        Self::take_up(self, claim, limit)
    }

    fn renew(&self, firings: &[i64], until: Timestamp) -> Result<(), StoreError> {
        Self::renew(self, firings, until)
    }

    fn put_off(&self, firing: &ScheduleFiring, wait: &Wait) -> Result<(), StoreError> {
        Self::put_off(self, firing, wait)
    }

    fn end(
        &self,
        firing: &ScheduleFiring,
        end: &FiringEnd,
    ) -> Result<Option<ScheduleStatus>, StoreError> {
        self.end_firing(firing, end)
    }

    fn leave_out(
        &self,
        due: &ScheduleRow,
        claim: &Claim<'_>,
        end: &FiringEnd,
    ) -> Result<bool, StoreError> {
        Self::leave_out(self, due, claim, end)
    }

    fn firings(&self, schedule: i64, limit: usize) -> Result<Vec<FiringRow>, StoreError> {
        self.last_firings(schedule, limit)
    }
}
