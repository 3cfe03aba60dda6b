//! What a sandbox is told at its start: business units, login, limits and the knobs where sources disagree.
//!
//! Knows no state: a configuration is read, never written, once the sandbox runs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Everything a sandbox can be told at its start; `Config::default()` is a faithful Pardot with one business unit.
#[derive(Debug, Clone)]
pub struct Config {
    /// The tenants behind this host; at least one.
    pub business_units: Vec<BusinessUnit>,
    /// The Salesforce login.
    pub oauth: OAuthSettings,
    /// Longest request target in bytes before the web tier answers 414 (measured by clients at about 6,200).
    pub uri_limit: usize,
    /// What happens to a longer target.
    pub uri_overflow: UriOverflow,
    /// Largest request body in bytes before code 204.
    pub body_limit: usize,
    /// Time every API call takes before its work is done.
    pub answer_delay: Duration,
    /// Requests the journal remembers.
    pub journal_size: usize,
    /// Calls a business unit may have in flight; one more gets code 66.
    pub call_slots: u32,
    /// Records a batch may hold; one more gets code 70.
    pub batch_limit: usize,
    /// The points where sources disagree.
    pub knobs: Knobs,
    /// How long imports take.
    pub imports: ImportSettings,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            business_units: vec![BusinessUnit::default()],
            oauth: OAuthSettings::default(),
            uri_limit: 6_200,
            uri_overflow: UriOverflow::Refuse,
            body_limit: 50 * 1024 * 1024,
            answer_delay: Duration::ZERO,
            journal_size: 10_000,
            call_slots: 5,
            batch_limit: 50,
            knobs: Knobs::default(),
            imports: ImportSettings::default(),
        }
    }
}

/// What the web tier does with a request target above the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UriOverflow {
    /// 414 with an HTML body.
    Refuse,
    /// Cuts the target at the limit, so that `prospects` becomes unreadable (code 71).
    Truncate,
}

/// One tenant.
#[derive(Debug, Clone)]
pub struct BusinessUnit {
    /// 18 characters, starting `0Uv`.
    pub id: String,
    /// Whether several prospects may share one e-mail address; decides between versions 3 and 4 (codes 88, 89).
    pub ampsea: bool,
    /// Calls per day; 0 means an edition without API (code 122 at once).
    pub daily_limit: u64,
    /// Calls used before the sandbox started.
    pub used: u64,
    /// IANA name of the zone of the account's midnight and of its timestamps.
    pub time_zone: String,
    /// An inactive business unit answers code 201.
    pub active: bool,
    /// Whether a CRM connector is present (code 59 on `prospect_account_id`).
    pub crm_connector: bool,
    /// Name of the oldest campaign, which new prospects get.
    pub campaign: String,
    /// Salesforce users synced to this business unit; empty means every user (others get code 184).
    pub users: Vec<String>,
}

impl Default for BusinessUnit {
    fn default() -> BusinessUnit {
        BusinessUnit {
            id: "0Uv5e0000008OqACAU".to_owned(),
            ampsea: false,
            daily_limit: 25_000,
            used: 0,
            time_zone: "UTC".to_owned(),
            active: true,
            crm_connector: false,
            campaign: "Website Tracking".to_owned(),
            users: Vec::new(),
        }
    }
}

/// The Salesforce login and its connected app. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct OAuthSettings {
    /// Consumer key of the connected app.
    pub client_id: String,
    /// Consumer secret.
    pub client_secret: String,
    /// Whether the token endpoint insists on the secret.
    pub require_secret: bool,
    /// Registered redirect addresses; empty accepts any.
    pub redirect_uris: Vec<String>,
    /// Whether the authorize page approves by itself.
    pub auto_approve: bool,
    /// Whether an authorization without PKCE challenge is refused.
    pub require_pkce: bool,
    /// Whether a refresh hands out a new refresh token and kills the old one at once.
    pub rotate_refresh_tokens: bool,
    /// Whether replaying a rotated token revokes the grant as a whole.
    pub revoke_family_on_replay: bool,
    /// Life of an access token on the virtual clock.
    pub access_token_life: Duration,
    /// API calls an access token is good for; `None` is unlimited.
    pub access_token_calls: Option<u64>,
    /// Life of an authorization code.
    pub code_life: Duration,
    /// A refresh token unused for longer is dead; `None` never.
    pub refresh_token_idle: Option<Duration>,
    /// Live grants per user and app; one more revokes the oldest.
    pub grants_per_user: usize,
    /// Scopes of the connected app; without `pardot_api` every Pardot call gets code 184.
    pub scopes: Vec<String>,
    /// User who approves in the browser and whom `client_credentials` acts for.
    pub username: String,
    /// That user's password, for the username-password grant.
    pub password: String,
    /// RSA public key of the JWT bearer grant, PEM (`PUBLIC KEY` or `RSA PUBLIC KEY`); `None` refuses the grant.
    pub jwt_public_key: Option<String>,
    /// Accepted `aud` values of a JWT beside the sandbox's own address.
    pub jwt_audiences: Vec<String>,
    /// `instance_url` of token answers.
    pub instance_url: String,
}

impl Default for OAuthSettings {
    fn default() -> OAuthSettings {
        OAuthSettings {
            client_id: "3MVG9sandbox".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            require_secret: true,
            redirect_uris: Vec::new(),
            auto_approve: true,
            require_pkce: false,
            rotate_refresh_tokens: false,
            revoke_family_on_replay: false,
            access_token_life: Duration::from_secs(7_200),
            access_token_calls: None,
            code_life: Duration::from_secs(900),
            refresh_token_idle: None,
            grants_per_user: 5,
            scopes: vec!["pardot_api".to_owned(), "refresh_token".to_owned()],
            username: "api@example.com".to_owned(),
            password: "sandbox-password".to_owned(),
            jwt_public_key: None,
            jwt_audiences: vec!["https://login.salesforce.com".to_owned(), "https://test.salesforce.com".to_owned()],
            instance_url: "https://example.my.salesforce.com".to_owned(),
        }
    }
}

impl fmt::Debug for OAuthSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthSettings")
            .field("client_id", &self.client_id)
            .field("auto_approve", &self.auto_approve)
            .field("rotate_refresh_tokens", &self.rotate_refresh_tokens)
            .field("access_token_life", &self.access_token_life)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// The points where sources disagree; the default is the best-attested reading.
#[derive(Debug, Clone)]
pub struct Knobs {
    /// HTTP status of code 66; the only client that met it saw 2xx.
    pub concurrency_status: u16,
    /// HTTP status of code 122.
    pub quota_status: u16,
    /// HTTP status of code 58.
    pub already_member_status: u16,
    /// HTTP status of code 181.
    pub missing_header_status: u16,
    /// HTTP status of code 201.
    pub unknown_unit_status: u16,
    /// HTTP status of a membership creation in versions 3 and 4.
    pub membership_created_status: u16,
    /// HTTP status of a batch that created some records and refused others.
    pub mixed_batch_status: u16,
    /// Whether version 4 updates by e-mail address.
    pub update_by_email_v4: bool,
    /// Whether version 5 matches e-mail addresses with regard to case.
    pub match_case_v5: bool,
    /// Whether JSON `null` in a batch clears the field; otherwise it is left unchanged.
    pub null_clears: bool,
    /// Age that a write must reach before version 5 reads show it.
    pub read_lag: Duration,
    /// Names of the two columns added to an import's error file.
    pub error_columns: (String, String),
    /// Texts of per-record refusals that replace the published ones, by code.
    pub record_messages: BTreeMap<u32, String>,
    /// What code 184 appends to its text.
    pub token_suffix: String,
}

impl Default for Knobs {
    fn default() -> Knobs {
        Knobs {
            concurrency_status: 200,
            quota_status: 429,
            already_member_status: 400,
            missing_header_status: 400,
            unknown_unit_status: 400,
            membership_created_status: 200,
            mixed_batch_status: 200,
            update_by_email_v4: false,
            match_case_v5: false,
            null_clears: false,
            read_lag: Duration::ZERO,
            error_columns: ("Error Type".to_owned(), "Error Detail".to_owned()),
            record_messages: BTreeMap::new(),
            token_suffix: ": Inactive token".to_owned(),
        }
    }
}

/// How imports behave on the virtual clock.
#[derive(Debug, Clone)]
pub struct ImportSettings {
    /// Time between `Ready` and `Processing`.
    pub waiting: Duration,
    /// Time between `Processing` and `Complete`.
    pub processing: Duration,
    /// An open import untouched for longer expires.
    pub open_life: Duration,
    /// A complete import older than this expires.
    pub complete_life: Duration,
    /// Batches per import; one more gets code 160.
    pub batches_per_import: usize,
    /// Batches per day and business unit; one more gets code 164.
    pub batches_per_day: u64,
    /// Bytes of one batch; as many get code 231.
    pub batch_bytes: usize,
}

impl Default for ImportSettings {
    fn default() -> ImportSettings {
        ImportSettings {
            waiting: Duration::ZERO,
            processing: Duration::ZERO,
            open_life: Duration::from_secs(24 * 3_600),
            complete_life: Duration::from_secs(7 * 24 * 3_600),
            batches_per_import: 10,
            batches_per_day: 1_000,
            batch_bytes: 10_000_000,
        }
    }
}
