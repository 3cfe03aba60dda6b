//! Segments over HTTP: written, counted, shown as SQL.
//!
//! Knows the routes; what a rule means is the server's.

use reqwest::Method;

use super::catalog::PAGE;
use super::{Client, ClientError};
use crate::{Page, Segment, SegmentLook, SegmentSpec, SegmentSql, SegmentTry};

impl Client {
    /// Segments by name, of one parent segment or of one folder where they are named; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`], as everywhere here.
    pub async fn segments(
        &self,
        parent_segment: Option<&str>,
        folder: Option<&str>,
        after: Option<&str>,
    ) -> Result<Page<Segment>, ClientError> {
        let asked = [("parent_segment", parent_segment), ("folder", folder), ("after", after), ("limit", Some(PAGE))];
        self.wire.get(&["segments"], &asked).await
    }

    /// One segment.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn segment(&self, name: &str) -> Result<Segment, ClientError> {
        self.wire.get(&["segments", name], &[]).await
    }

    /// Makes a segment.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn create_segment(&self, spec: &SegmentSpec) -> Result<Segment, ClientError> {
        self.wire.give(Method::POST, &["segments"], spec).await
    }

    /// Makes or replaces the segment of this name; only as `revision` has it, when given.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_segment(
        &self,
        name: &str,
        spec: &SegmentSpec,
        revision: Option<u64>,
    ) -> Result<Segment, ClientError> {
        self.put(&["segments", name], spec, revision).await
    }

    /// Deletes a segment that neither a rule nor an activation names.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_segment(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["segments", name]).await
    }

    /// Counts what a rule chooses, without saving it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn try_segment(&self, request: &SegmentTry) -> Result<SegmentLook, ClientError> {
        self.wire.give(Method::POST, &["segments", "try"], request).await
    }

    /// Counts what a segment chooses now, with a sample of 0 to 1,000 `rows`; the server keeps the count.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn look_at_segment(&self, name: &str, rows: u32) -> Result<SegmentLook, ClientError> {
        let asked = [("rows", Some(&*rows.to_string()))];
        self.wire.document(self.wire.request(Method::POST, &["segments", name, "look"], &asked)).await
    }

    /// The SQL of a segment, as of now.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn segment_sql(&self, name: &str) -> Result<SegmentSql, ClientError> {
        self.wire.get(&["segments", name, "sql"], &[]).await
    }
}
