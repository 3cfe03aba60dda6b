//! The numbers and texts of Pardot's refusals, and the HTTP status each travels with.
//!
//! Knows the published table only: not which call earns which code.

use std::borrow::Cow;

use serde_json::json;

use crate::answer::Answer;

/// Why a whole call was refused: code, text and HTTP status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Number of the published table.
    pub(crate) code: u32,
    /// Text, from the table unless the caller knows a more exact one.
    pub(crate) message: Cow<'static, str>,
    /// HTTP status.
    pub(crate) status: u16,
}

impl Refusal {
    /// The refusal with the table's text and the usual status of its code.
    pub(crate) fn of(code: u32) -> Refusal {
        Refusal { code, message: Cow::Borrowed(message(code)), status: status(code) }
    }

    /// The same refusal under another HTTP status.
    pub(crate) fn with_status(self, status: u16) -> Refusal {
        Refusal { status, ..self }
    }

    /// The same refusal with a text of its own.
    pub(crate) fn with_message(self, message: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { message: message.into(), ..self }
    }

    /// The refusal as version 5 says it: `{"code":4,"message":"..."}`.
    pub(crate) fn as_v5(&self) -> Answer {
        let body = json!({"code": self.code, "message": self.message});
        let mut answer = Answer::json(self.status, &body);
        answer.code = Some(self.code);
        answer
    }
}

/// HTTP status by code: recorded for 49, 122 and 184, from the documentation for 108, 109 and 198; 400 elsewhere.
fn status(code: u32) -> u16 {
    match code {
        49 | 184 => 401,
        108 => 405,
        122 => 429,
        183 => 500,
        _ => 400,
    }
}

/// The published text of a code; empty for a number outside the table.
pub(crate) fn message(code: u32) -> &'static str {
    match MESSAGES.binary_search_by_key(&code, |row| row.0) {
        Ok(at) => MESSAGES[at].1,
        Err(_) => "",
    }
}

/// Code and text, ascending by code; from the published error table.
const MESSAGES: &[(u32, &str)] = &[
    (1, "Invalid API key or user key"),
    (2, "Invalid action"),
    (3, "Invalid prospect ID"),
    (4, "Invalid prospect email address"),
    (5, "Invalid query parameters"),
    (6, "Invalid time frame"),
    (7, "Invalid timestamp"),
    (8, "Invalid time range"),
    (9, "A prospect with the specified email address already exists"),
    (10, "Invalid user ID"),
    (11, "Invalid user email address"),
    (12, "Invalid group ID"),
    (13, "One or more required parameters are missing"),
    (14, "Non-existent prospect ID; No email address provided"),
    (15, "Login failed"),
    (16, "Invalid ID"),
    (17, "Invalid ID range"),
    (18, "Invalid value for profile criteria matching status"),
    (19, "Invalid value specified for sort_by"),
    (20, "Invalid value specified for sort_order"),
    (21, "Invalid value specified for offset"),
    (22, "Unsupported feature in this version of the API"),
    (23, "Invalid value specified for limit"),
    (24, "Invalid visitor ID"),
    (25, "Parameter is_starred must be true or false"),
    (26, "Parameter assigned must be true or false"),
    (27, "Parameter deleted must be true or false"),
    (28, "Parameter new must be true or false"),
    (29, "Invalid value specified for score"),
    (30, "Invalid score range specified"),
    (31, "Invalid combination of parameters for score"),
    (32, "Invalid value specified for grade"),
    (33, "Invalid grade range specified"),
    (34, "Invalid combination of parameters for grade"),
    (35, "Invalid opportunity ID"),
    (36, "One or more required parameter values are missing"),
    (37, "A Salesforce connector was detected"),
    (38, "Invalid campaign ID"),
    (39, "Invalid profile ID"),
    (40, "Invalid opportunity probability"),
    (41, "Invalid probability range specified"),
    (42, "Invalid opportunity value"),
    (43, "Invalid opportunity value range specified"),
    (44, "The provided prospect_id and prospect_email parameters do not match"),
    (45, "The provided user_id and user_email parameters do not match"),
    (46, "This API user lacks sufficient permissions for the requested operation"),
    (47, "Multiple assignment targets were specified"),
    (48, "Invalid visit ID"),
    (49, "Access Denied"),
    (50, "Invalid boolean"),
    (51, "Invalid parameter"),
    (52, "Invalid parameter range"),
    (53, "Client IP address/location must be activated before accessing API"),
    (54, "Email address is already in use"),
    (55, "Invalid list ID"),
    (56, "Invalid number entered for field"),
    (57, "Invalid date entered for field"),
    (58, "That prospect is already a member of that list. Update the membership instead."),
    (59, "A CRM connector was detected"),
    (60, "Invalid HTTP request method"),
    (61, "Invalid prospect account id"),
    (62, "Conflicting Update"),
    (63, "Too many IDs specified"),
    (64, "Email content missing required variables"),
    (65, "Invalid email format"),
    (66, "You have exceeded your concurrent request limit. Please wait, before trying again"),
    (67, "You have reached or exceeded the limit of how many of this type of object you may have."),
    (68, "Template with this id does not exist."),
    (70, "Batch processing is limited to 50 prospects at once."),
    (71, "Input needs to be valid JSON or XML"),
    (72, "JSON has been corrupted, hash does not match"),
    (
        73,
        "Currently there is not an Email Plug-in Campaign associated to successfully track this email. Please contact your Pardot administrator to ensure there is a proper campaign associated with",
    ),
    (74, "The email client is not supported by the plugin API"),
    (75, "There was an error processing the request for the account variable tags"),
    (76, "API access was disabled"),
    (77, "Invalid prospect fid"),
    (79, "Invalid CRM_FID"),
    (80, "Invalid CRM_TYPE"),
    (81, "Prospect ID and FID do not match"),
    (83, "No valid CRM connectors available"),
    (84, ""),
    (85, "Unable to save the prospect"),
    (86, "Invalid Template id"),
    (88, "Your account must use version 4 of the API."),
    (89, "Your account is unable to use version 4 of the API."),
    (90, "Prospect array should be a flat array of attributes"),
    (91, "Prospect array must be keyed by email address"),
    (92, "Prospect record could not be found"),
    (93, "The selected template is missing send options"),
    (94, "The provided version is not a valid number"),
    (95, "Folder name is invalid"),
    (96, "User does not have access to this folder"),
    (97, "The folder ID provided does not exist"),
    (98, "Prospect not mailable"),
    (99, "User with the provided email already exists"),
    (100, "The provided time zone is invalid"),
    (101, "The provided role is invalid"),
    (102, "The CRM Username specified is currently applied to another user"),
    (103, "A CRM connector was not detected"),
    (104, "The CRM Username specified was not detected"),
    (105, "There is no activation hash for the specified user"),
    (106, "User is already active"),
    (107, "Password does not meet requirements"),
    (108, "This Asset cannot be deleted because it is being used in other places."),
    (109, "The requested record was not found."),
    (110, "Invalid Account Id"),
    (111, "The Integration Username specified is currently applied to another Account"),
    (112, "Missing recipient to Track With Engage."),
    (113, "Missing CRM ID or Email Address of recipient."),
    (114, "Invalid CRM ID or Email Address of recipient."),
    (115, "Number of recipients is more than threshold."),
    (116, "Request outdated."),
    (117, "There was an error deleting the micro campaign."),
    (118, "This API can only be called in a test environment."),
    (119, "Unable to create refresh tokens for Salesforce connector"),
    (120, "Unable to verify Salesforce connector"),
    (121, "Unable to sync Prospect with Salesforce"),
    (122, "Daily API rate limit met"),
    (123, "Unable to verify Salesforce username; User may already have a verified Salesforce username."),
    (124, "Unable to set Salesforce username or id"),
    (125, "Cannot accept both user_id and crm_owner_fid."),
    (126, "Invalid authentication mechanism"),
    (128, "Cannot create campaigns"),
    (129, "Cannot modify campaign name or cost"),
    (130, "One or more of the specified fields are invalid"),
    (
        131,
        "Your account is locked due to too many failed login attempts. Reset your password at https://pi.pardot.com/user/passwordReset",
    ),
    (132, "Prospect is archived"),
    (133, "Up to 2 sort by options are allowed."),
    (134, "Up to 2 sort order options are allowed."),
    (135, "When passing a comma-separated value, one of the two values must be id."),
    (137, "URL is not valid. Please include a protocol (e.g., http:// or https:// )"),
    (138, "Name must be 50 characters or less."),
    (139, "The supplied name is not valid."),
    (145, "Invalid archived parameter specified. Allowed values are true or false."),
    (146, "Invalid archived parameter specified. Allowed values are true or false."),
    (150, "Input needs to be valid JSON"),
    (151, "Unsupported content-type"),
    (152, "Request body can't be empty"),
    (153, "Missing required property in request"),
    (154, "Invalid property in request"),
    (155, "Can't update. Import must be in \"Open\" state."),
    (156, "Can't start processing. Import has no associated data."),
    (157, "Error processing import request. Please contact your Pardot support representative"),
    (158, "Uploading a file was unsuccessful"),
    (159, "The file is not in a valid CSV format"),
    (160, "The limit of batches per import has been reached"),
    (161, "The current state of the import does not allow the operation"),
    (162, "No file was specified or uploaded"),
    (163, "Too many files were specified or uploaded"),
    (164, "Daily limit of import batches has been reached"),
    (165, "column options is invalid"),
    (166, "The input is not in the required format"),
    (174, "Unknown procedure name."),
    (175, "Unknown procedure argument."),
    (176, "Missing required argument."),
    (177, "Invalid procedure argument."),
    (178, "The current state of the export does not allow the operation"),
    (180, "One or more of the specified fields are invalid"),
    (181, "A required header is missing"),
    (182, "Invalid header value"),
    (183, "An internal error occurred, please try your request again"),
    (184, "access_token is invalid, unknown, or malformed"),
    (185, "Invalid tenant ID"),
    (188, "Provided import origin is invalid"),
    (190, "Email sending is blocked for this account."),
    (192, "Object specified does not exist"),
    (193, "Too many sub-fields requested"),
    (194, "Invalid MIME type."),
    (196, "Invalid authentication mechanism."),
    (197, "Import missing required field."),
    (198, "Endpoint not found."),
    (
        199,
        "Authentication using an api_key is no longer supported. Use Salesforce OAuth access token instead. See https://developer.pardot.com/kb/authentication/ for details.",
    ),
    (200, "Unable to delete asset."),
    (201, "Business Unit specified in Pardot-Business-Unit-Id header not found or inactive."),
    (202, "Minute rate limit met"),
    (203, "An admin user for the account not found. Ensure a user with the default admin role exists."),
    (204, "File size exceeds the max post size or the body message can't be empty"),
    (205, "Action name missing or incorrect"),
    (206, "Invalid action argument value"),
    (207, "Missing required action argument"),
    (208, "Unknown action argument"),
    (209, "Too many fields have filters"),
    (210, "Page token expired"),
    (211, "Page token invalid"),
    (214, "API request timed out"),
    (215, "Email form field required"),
    (216, "Destination folder full"),
    (217, "Visitor invalid"),
    (218, "Feature state invalid (Connected Campaigns not enabled)"),
    (219, "Deleted records can't be updated; undelete first"),
    (220, "Invalid Available For selection"),
    (221, "Can't delete default template"),
    (222, "Can't delete default template"),
    (223, "Unable to delete record"),
    (224, "Invalid fields for request type"),
    (226, "Mismatched CSV headers and column options"),
    (227, "Mismatched CSV headers and field options"),
    (228, "Mixed API versions"),
    (231, "Max file size exceeded (10,000,000 bytes)"),
    (232, "Max file size exceeded (200 MB)"),
    (233, "No verified Salesforce connector"),
    (234, "v2 connector required"),
    (235, "Connector already in requested state"),
    (236, "Select a valid list"),
    (237, "Tag replacement language"),
    (239, "File altered"),
    (242, "Records not found"),
    (243, "Sender domain"),
    (244, "Email send"),
    (245, "Name in use"),
    (246, "Email send"),
    (10000, "Unknown error"),
];
