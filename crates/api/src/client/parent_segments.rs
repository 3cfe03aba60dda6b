//! Parent segments over HTTP: written, looked at, refreshed.
//!
//! Knows the routes; what a join means is the server's.

use reqwest::Method;

use super::catalog::PAGE;
use super::jobs::IDEMPOTENCY_KEY;
use super::{Client, ClientError, Started};
use crate::{AudienceCheck, Page, ParentSegment, ParentSegmentSpec, Preview};

/// Where they are.
const ROOT: &str = "parent-segments";

impl Client {
    /// Parent segments by name; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`], as everywhere here.
    pub async fn parent_segments(&self, after: Option<&str>) -> Result<Page<ParentSegment>, ClientError> {
        self.wire.get(&[ROOT], &[("after", after), ("limit", Some(PAGE))]).await
    }

    /// One parent segment.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn parent_segment(&self, name: &str) -> Result<ParentSegment, ClientError> {
        self.wire.get(&[ROOT, name], &[]).await
    }

    /// Makes a parent segment. It has no profiles before its first refresh.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn create_parent_segment(&self, spec: &ParentSegmentSpec) -> Result<ParentSegment, ClientError> {
        self.wire.give(Method::POST, &[ROOT], spec).await
    }

    /// Makes or replaces the parent segment of this name; only as `revision` has it, when given.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_parent_segment(
        &self,
        name: &str,
        spec: &ParentSegmentSpec,
        revision: Option<u64>,
    ) -> Result<ParentSegment, ClientError> {
        self.put(&[ROOT, name], spec, revision).await
    }

    /// Deletes a parent segment that no segment stands over.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_parent_segment(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&[ROOT, name]).await
    }

    /// Starts a job that refreshes the profiles; the same `key` within a day starts it once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn refresh_parent_segment(&self, name: &str, key: &str) -> Result<Started, ClientError> {
        let call = self.wire.request(Method::POST, &[ROOT, name, "refresh"], &[]).header(IDEMPOTENCY_KEY, key);
        let (status, job) = self.wire.status_and_document(call).await?;
        Ok(Started { job, again: status == 200 })
    }

    /// Looks at the joins of a parent segment. Nothing is saved.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn check_parent_segment(&self, spec: &ParentSegmentSpec) -> Result<AudienceCheck, ClientError> {
        self.wire.give(Method::POST, &[ROOT, "check"], spec).await
    }

    /// The first profiles of the newest refresh: 1 to 1,000.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn preview_parent_segment(&self, name: &str, limit: u32) -> Result<Preview, ClientError> {
        self.wire.get(&[ROOT, name, "preview"], &[("limit", Some(&*limit.to_string()))]).await
    }
}
