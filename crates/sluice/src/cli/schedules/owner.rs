//! What has a schedule: found, and saved with another one.
//!
//! Knows that a schedule is written with what it runs; nothing of screens.

use api::client::{Client, ClientError};
use api::{Activation, ParentSegment, Query, Schedule, Scheduled};

/// A query, an activation or a parent segment.
pub(super) enum Owner {
    Query(Box<Query>),
    Activation(Box<Activation>),
    ParentSegment(Box<ParentSegment>),
}

impl Owner {
    /// The one of this name.
    ///
    /// # Errors
    /// There is none; the server cannot be asked.
    pub(super) async fn find(client: &Client, of: Scheduled, name: &str) -> Result<Owner, ClientError> {
        Ok(match of {
            Scheduled::Query => Owner::Query(Box::new(client.query(name).await?)),
            Scheduled::Activation => Owner::Activation(Box::new(client.activation(name).await?)),
            Scheduled::ParentSegment => Owner::ParentSegment(Box::new(client.parent_segment(name).await?)),
        })
    }

    /// Its schedule.
    pub(super) fn schedule(&self) -> Option<&Schedule> {
        match self {
            Owner::Query(found) => found.spec.schedule.as_ref(),
            Owner::Activation(found) => found.spec.schedule.as_ref(),
            Owner::ParentSegment(found) => found.spec.schedule.as_ref(),
        }
    }

    /// Saves it with this schedule, if nobody changed it meanwhile.
    ///
    /// # Errors
    /// The server does not take it.
    pub(super) async fn save(self, client: &Client, schedule: Option<Schedule>) -> Result<(), ClientError> {
        match self {
            Owner::Query(mut found) => {
                found.spec.schedule = schedule;
                client.put_query(&found.spec.name, &found.spec, Some(found.revision)).await.map(drop)
            }
            Owner::Activation(mut found) => {
                found.spec.schedule = schedule;
                client.put_activation(&found.spec.name, &found.spec, Some(found.revision)).await.map(drop)
            }
            Owner::ParentSegment(mut found) => {
                found.spec.schedule = schedule;
                client.put_parent_segment(&found.spec.name, &found.spec, Some(found.revision)).await.map(drop)
            }
        }
    }
}
