//! The reference discovery: what a remote has, and whether it can be pushed to.

use gix::bstr::BStr;
use gix::hash::Kind;

use crate::advertisement::{Advertisement, AdvertisementError, AdvertisementReader};
use crate::commands::Negotiated;
use crate::error::PushError;
use crate::transport::{Connection, Transport};

/// Connects, and asks what the remote has, most of all of `branch`.
pub(crate) fn discover<'t>(
    transport: &'t dyn Transport,
    kind: Kind,
    branch: &BStr,
) -> Result<(Box<dyn Connection + 't>, Advertisement), PushError> {
    let mut connection = transport.open().map_err(PushError::Transport)?;
    let mut reader = AdvertisementReader::new(kind, branch);
    let asked = connection.advertise(&mut reader);
    asked.map_err(PushError::Transport)?;
    let advertisement =
        reader
            .finish()
            .map_err(|error| match error.sanitized(transport.redact()) {
                AdvertisementError::Refused(said) => PushError::Fatal {
                    said: said.to_string(),
                },
                error => PushError::Advertisement(error),
            })?;
    Ok((connection, advertisement))
}

/// Fails when a remote cannot take a push, as far as it says so before anything is sent.
pub(crate) fn check(
    advertisement: &Advertisement,
    push_options: &[String],
) -> Result<(), PushError> {
    let takes_options = || Negotiated::from_advertisement(advertisement).push_options;
    if !push_options.is_empty() && !takes_options() {
        return Err(PushError::NoPushOptions);
    }
    Ok(())
}
