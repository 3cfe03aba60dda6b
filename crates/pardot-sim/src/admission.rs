//! What a request shows in order to be let in: a bearer token and a business unit.
//!
//! Knows headers only: whether a token is alive is the login's affair.

use crate::refusal::Refusal;
use crate::request::Call;
use crate::wire::Received;

/// What a request shows to be let in.
pub(crate) struct Credentials {
    authorization: Option<String>,
    pub(crate) unit: Option<String>,
}

impl Credentials {
    pub(crate) fn read(received: &Received) -> Credentials {
        Credentials {
            authorization: received.header("authorization").map(str::to_owned),
            unit: received.header("pardot-business-unit-id").map(|id| id.trim().to_owned()),
        }
    }

    /// The bearer token; without any, versions 3 and 4 say 184 and version 5 says 49.
    pub(crate) fn token(&self, call: &Call, modern: bool) -> Result<&str, Refusal> {
        let Some(value) = self.authorization.as_deref() else {
            let in_address = ["access_token", "api_key", "user_key"].iter().any(|name| call.params.get(name).is_some());
            return Err(Refusal::of(match (in_address, modern) {
                (true, _) => 126,
                (false, true) => 49,
                (false, false) => 184,
            }));
        };
        if value.starts_with("Pardot ") {
            return Err(Refusal::of(199));
        }
        let scheme = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer "));
        scheme.and(value.get(7..)).map(str::trim).ok_or(Refusal::of(184))
    }
}
