//! The default of notices, the list of webhooks, and a test.

use api::{NoticeTried, Notifications, Webhook};
use app::AppError;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use console::administration::{NotificationsPage, notice_test, notify_form, notify_read, with_test};
use console::{Done, Faults, Form};

use crate::door::Door;
use crate::screens::settings::{asked, chrome, only_shown};
use crate::screens::show;
use crate::screens::sitting::{Sitting, Submitted};

const PAGE: &str = "/settings/notifications";
/// Webhooks on the page: more than anybody has.
const WEBHOOKS: u32 = 500;

/// What the page is made of.
struct Known {
    notifications: Notifications,
    webhooks: Vec<Webhook>,
}

async fn known(door: &Door, sitting: &Sitting) -> Result<Known, Response> {
    let refused = |error: AppError| show::refused(chrome(sitting), error);
    let notifications = door.app().notifications(&sitting.actor).await.map_err(refused)?;
    let webhooks = door.app().webhooks(&sitting.actor, None, WEBHOOKS).await.map_err(refused)?.items;
    Ok(Known { notifications, webhooks })
}

impl Known {
    /// The page, with what was typed over what is there.
    fn page(&self, sitting: &Sitting, form: &Form, faults: &Faults, tried: &[NoticeTried]) -> NotificationsPage {
        NotificationsPage::new(chrome(sitting), &self.notifications, &self.webhooks, form, faults, tried)
    }

    /// The default as the form has it.
    fn form(&self) -> Form {
        notify_form(&self.notifications.default, self.notifications.revision)
    }
}

/// `GET /settings/notifications`
pub(super) async fn show_all(State(door): State<Door>, sitting: Sitting, RawQuery(query): RawQuery) -> Response {
    let known = match known(&door, &sitting).await {
        Ok(known) => known,
        Err(answer) => return answer,
    };
    let told = door.told().take(&sitting.holder, asked(query).get("told"));
    let tried: Vec<NoticeTried> = told.and_then(|told| serde_json::from_str(told.expose()).ok()).unwrap_or_default();
    show::shown(&known.page(&sitting, &known.form(), &Faults::none(), &tried))
}

/// `POST /settings/notifications`
pub(super) async fn change(State(door): State<Door>, submitted: Submitted) -> Response {
    let (sitting, form) = (&submitted.sitting, &submitted.form);
    if let Err(error) = sitting.actor.require(api::Scope::Admin) {
        return show::refused(chrome(sitting), error);
    }
    let known = match known(&door, sitting).await {
        Ok(known) => known,
        Err(answer) => return answer,
    };
    let again = |status, form: &Form, faults: &Faults| show::page(status, &known.page(sitting, form, faults, &[]));
    if only_shown(form) {
        return again(StatusCode::OK, form, &Faults::none());
    }
    let notify = match notify_read(form) {
        Ok(notify) => notify,
        Err(faults) => return again(StatusCode::UNPROCESSABLE_ENTITY, form, &faults),
    };
    let seen = form.get("_revision").parse().ok();
    submitted
        .once(&door, async {
            match door.app().put_notifications(&sitting.actor, notify, seen).await {
                Ok(_) => show::go(PAGE, Some(Done::SAVED)),
                Err(AppError::Stale { .. }) => {
                    // What was typed stays, and may be saved over the newer one, or left.
                    let mut typed = form.clone();
                    typed.set("_revision", known.notifications.revision.to_string());
                    let hint =
                        "What you typed stands below. Look at the newer one in another tab; Save writes yours over it.";
                    let faults =
                        Faults::whole("Somebody changed this meanwhile. Nothing was saved.", Some(hint.into()));
                    again(StatusCode::PRECONDITION_FAILED, &typed, &faults)
                }
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    again(status, form, &faults.within("notifications."))
                }
            }
        })
        .await
}

/// `POST /settings/notifications/test`: what became of it is told once, on the page that follows.
pub(super) async fn test(State(door): State<Door>, submitted: Submitted) -> Response {
    let (sitting, form) = (&submitted.sitting, &submitted.form);
    let known = match known(&door, sitting).await {
        Ok(known) => known,
        Err(answer) => return answer,
    };
    // The form of the default is not what was sent: it shows what is there.
    let whole = with_test(&known.notifications.default, known.notifications.revision, form);
    if form.asked() != Some(("test", "")) {
        return show::shown(&known.page(sitting, &whole, &Faults::none(), &[]));
    }
    submitted
        .once(&door, async {
            match Box::pin(door.app().test_notices(&sitting.actor, notice_test(form))).await {
                Ok(tried) => {
                    let told = api::Secret::new(serde_json::to_string(&tried).unwrap_or_default());
                    let ticket = door.told().leave(&sitting.holder, told);
                    show::go(&format!("{PAGE}?told={ticket}"), None)
                }
                Err(error @ AppError::Forbidden { .. }) => show::refused(chrome(sitting), error),
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    let faults = faults.within("test.").moved("recipients", "to").moved("webhooks", "to_webhooks");
                    show::page(status, &known.page(sitting, &whole, &faults, &[]))
                }
            }
        })
        .await
}
