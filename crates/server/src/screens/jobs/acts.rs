//! The buttons of a job. Each is done once, however often it is sent, and leads on to a job or to the list.

use app::AppError;
use axum::extract::State;
use axum::response::Response;
use console::jobs::address_of;
use console::{Done, Section};

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Named;
use crate::screens::jobs::one;
use crate::screens::show;
use crate::screens::sitting::{Sitting, Submitted};

/// A button's address, asked for: back to the job.
pub(crate) async fn back(_: Sitting, Named(id): Named) -> Response {
    show::go(&address_of(&id), None)
}

/// `POST /jobs/{id}/kill`
pub(crate) async fn kill(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    done(&door, named, &submitted, async |id| {
        door.app().kill_job(&submitted.sitting.actor, id).await?;
        Ok((address_of(id), Done::KILLED))
    })
    .await
}

/// `POST /jobs/{id}/continue`
pub(crate) async fn resume(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    done(&door, named, &submitted, async |id| {
        door.app().continue_job(&submitted.sitting.actor, id).await?;
        Ok((address_of(id), Done::CONTINUED))
    })
    .await
}

/// `POST /jobs/{id}/reexport`: on to the new job.
pub(crate) async fn reexport(
    State(door): State<Door>,
    named: Result<Named, Refusal>,
    submitted: Submitted,
) -> Response {
    done(&door, named, &submitted, async |id| {
        let (job, _) = door.app().reexport(&submitted.sitting.actor, id, once(submitted.form.get("_once"))).await?;
        Ok((address_of(&job.id), Done::STARTED))
    })
    .await
}

/// `POST /jobs/{id}/retry`: on to the new job.
pub(crate) async fn retry(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    done(&door, named, &submitted, async |id| {
        let once = once(submitted.form.get("_once"));
        let answer = door.app().retry(&submitted.sitting.actor, id, None, once).await?;
        Ok((address_of(&answer.job.id), Done::STARTED))
    })
    .await
}

/// `POST /jobs/{id}/delete`: on to the list.
pub(crate) async fn delete(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    done(&door, named, &submitted, async |id| {
        door.app().delete_job(&submitted.sitting.actor, id).await?;
        Ok(("/jobs".to_owned(), Done::DELETED))
    })
    .await
}

/// The number of a form as the key of a start, so that a restart of the server does not do it twice either.
pub(crate) fn once(number: &str) -> Option<&str> {
    let fits = (1..=64).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(number)
}

async fn done(
    door: &Door,
    named: Result<Named, Refusal>,
    submitted: &Submitted,
    work: impl AsyncFnOnce(&str) -> Result<(String, Done), AppError>,
) -> Response {
    let Named(id) = match named {
        Ok(named) => named,
        Err(refusal) => return show::refused(submitted.sitting.chrome.at(Section::Jobs), refusal),
    };
    if submitted.form.asked() == Some(("show", "")) {
        return show::go(&address_of(&id), None);
    }
    let work = async {
        match work(&id).await {
            Ok((to, done)) => show::go(&to, Some(done)),
            Err(error) => refused(door, submitted.sitting.clone(), &id, error).await,
        }
    };
    submitted.once(door, work).await
}

/// The job as it is, with what was refused above it.
pub(crate) async fn refused(door: &Door, sitting: Sitting, id: &str, error: AppError) -> Response {
    if let AppError::Forbidden { .. } = &error {
        return show::refused(sitting.chrome.at(Section::Jobs), error);
    }
    let (status, faults) = show::faults(error);
    one::drawn(door, sitting, id, status, &faults).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_ours_are_keys() {
        let cases = [("", false), ("0a1b", true), ("a b", false), ("é", false)];
        for (number, want) in cases {
            assert_eq!(once(number).is_some(), want, "{number:?}");
        }
        assert!(once(&"a".repeat(64)).is_some() && once(&"a".repeat(65)).is_none());
    }
}
