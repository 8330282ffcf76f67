//! What the user allowed in a repository: keys of its policy, remotes, its git configuration, where its git directory
//! is. Asks no person and no server.

mod record;
mod records;
mod remote_id;

pub use record::{
    AskedKey, ProgramFile, TrustRecord, TrustedConfig, TrustedKey, TrustedLead, digest,
};
pub use records::{TrustError, TrustRecords};
pub use remote_id::remote_id;
