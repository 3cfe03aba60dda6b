//! The authority of a connection: connected app, grant, who keeps a rotated grant, and what can be wrong with it.
//!
//! Knows no HTTP. No secret can be printed, and nothing here repeats what Salesforce says beyond its error words.

use secrecy::SecretString;

/// The connected app (external client app) of Salesforce that stands for this program.
#[derive(Debug, Clone)]
pub struct ConnectedApp {
    /// Consumer key.
    pub client_id: String,
    /// Consumer secret, where the app requires it.
    pub client_secret: Option<SecretString>,
}

/// How access tokens are obtained.
#[derive(Debug, Clone)]
pub enum Grant {
    /// From the browser; Salesforce may rotate it at every use.
    RefreshToken(SecretString),
    /// The app's own user; My Domain hosts only, needs the secret.
    ClientCredentials,
    /// A signed assertion.
    JwtBearer {
        /// RSA private key in PEM.
        key_pem: SecretString,
        /// User name in Salesforce.
        subject: String,
        /// Audience; by default the login host of the kind of org.
        audience: Option<String>,
    },
}

/// Keeps rotated refresh tokens.
pub trait GrantKeeper: Send + Sync {
    /// Saves a rotated refresh token durably; called before the new access token is used. May block.
    ///
    /// # Errors
    /// The cause as a text for people, without any secret.
    fn keep(&self, rotated: &SecretString) -> Result<(), String>;

    /// The refresh token as it is kept now: another process may have rotated it. `None` where nothing can be read again.
    fn current(&self) -> Option<SecretString> {
        None
    }
}

/// What is wrong with the authority. A variant per thing that somebody can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// `invalid_grant` for a refresh token.
    #[error(
        "Salesforce refused the refresh token (expired or revoked; a sixth approval by the same user also does this)"
    )]
    RefreshToken,
    /// `invalid_grant` for another grant.
    #[error("Salesforce refused the user of the connection")]
    Authentication,
    /// `invalid_grant` for an authorization code.
    #[error("the authorization code of Salesforce is used up or too old")]
    Code,
    /// The user has not approved the app for signed assertions.
    #[error("the user of the connection has not approved the connected app")]
    NotApproved,
    /// The assertion names the wrong login host.
    #[error("Salesforce refused the audience of the signed assertion")]
    Audience,
    /// `invalid_client_id`.
    #[error("Salesforce does not know the client_id of the connected app")]
    ClientId,
    /// `invalid_client`.
    #[error("Salesforce refused the client_secret of the connected app")]
    ClientSecret,
    /// `unsupported_grant_type`.
    #[error("Salesforce does not offer this kind of grant at this login address")]
    UnsupportedGrant,
    /// `redirect_uri_mismatch`.
    #[error("the callback address is not registered in the connected app")]
    RedirectMismatch,
    /// `inactive_user`.
    #[error("the Salesforce user of the connection is inactive")]
    InactiveUser,
    /// `inactive_org`.
    #[error("the Salesforce org of the connection is inactive")]
    InactiveOrg,
    /// The token lacks `pardot_api`.
    #[error("the connected app lacks the scope pardot_api")]
    MissingScope,
    /// Pardot refused two fresh tokens in a row.
    #[error("Pardot refused a fresh access token twice")]
    TokenRefusedTwice,
    /// Somebody said no in the browser.
    #[error("the approval was denied in Salesforce")]
    Denied,
    /// The private key is unreadable.
    #[error("the private key is not an RSA key in PEM")]
    Key,
    /// A rotated refresh token could not be kept; the new access token is not used.
    #[error("the new refresh token could not be saved: {cause}")]
    CannotSave {
        /// What the keeper says.
        cause: String,
    },
    /// Any other refusal.
    #[error("Salesforce refused the authorization ({error})")]
    Refused {
        /// Salesforce's error word, such as `invalid_request`.
        error: String,
    },
    /// Salesforce gave no proper answer: a hiccup, not a dead grant.
    #[error("Salesforce did not answer properly: {cause}")]
    Unreachable {
        /// What happened.
        cause: String,
    },
}

impl GrantError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            GrantError::RefreshToken | GrantError::Code => "reconnect in the browser",
            GrantError::Authentication => "check that the user may log in and is not locked, then reconnect",
            GrantError::NotApproved => {
                "approve the app once in the browser, or let an administrator pre-authorize the user for it"
            }
            GrantError::Audience => {
                "use https://login.salesforce.com as audience, or https://test.salesforce.com for sandboxes"
            }
            GrantError::ClientId => {
                "copy the consumer key of the connected app again; a new app takes ten minutes to work"
            }
            GrantError::ClientSecret => "copy the consumer secret of the connected app again",
            GrantError::UnsupportedGrant => {
                "use the My Domain address as login address and switch the flow on in the connected app"
            }
            GrantError::RedirectMismatch => "add the callback address, letter by letter, to the connected app",
            GrantError::InactiveUser => "activate the user in Salesforce, or reconnect with another one",
            GrantError::InactiveOrg => "ask Salesforce to activate the org",
            GrantError::MissingScope => {
                "add \"Access Pardot services (pardot_api)\" to the connected app, then reconnect"
            }
            GrantError::TokenRefusedTwice => {
                "check that the connected app has the scope pardot_api, that the user is synchronised with this business unit, and \
                 that the business unit is the right one; then reconnect"
            }
            GrantError::Denied => "connect again and press Allow",
            GrantError::Key => "give the private key that belongs to the certificate of the connected app, as PEM text",
            GrantError::CannotSave { .. } => "make room for it to be saved; the program tries again by itself",
            GrantError::Refused { .. } => "check the settings of the connected app, then reconnect",
            GrantError::Unreachable { .. } => "try again in a minute; if it lasts, look at status.salesforce.com",
        }
    }

    /// Whether trying again by itself may help; everything else needs a person.
    pub fn is_transient(&self) -> bool {
        match self {
            GrantError::CannotSave { .. } | GrantError::Unreachable { .. } => true,
            GrantError::RefreshToken
            | GrantError::Authentication
            | GrantError::Code
            | GrantError::NotApproved
            | GrantError::Audience
            | GrantError::ClientId
            | GrantError::ClientSecret
            | GrantError::UnsupportedGrant
            | GrantError::RedirectMismatch
            | GrantError::InactiveUser
            | GrantError::InactiveOrg
            | GrantError::MissingScope
            | GrantError::TokenRefusedTwice
            | GrantError::Denied
            | GrantError::Key
            | GrantError::Refused { .. } => false,
        }
    }
}
