//! The local Pardot that a server may run: what the console asks of it.
//!
//! Knows plain documents. Which program stands behind them is the binary's: no crate but that one knows it.

use std::fmt;

use api::ConnectionSpec;
pub use console::sandbox::{
    SandboxAct, SandboxCall, SandboxFault, SandboxFigures, SandboxFound, SandboxList, SandboxProspect, SandboxSample,
    SandboxSearch,
};

/// A Pardot of this process, to try things out.
pub trait Sandbox: fmt::Debug + Send + Sync {
    /// It as a whole.
    fn figures(&self) -> SandboxFigures;
    /// A connection to it, approved anew, without a name. Its secrets protect nothing.
    fn connection(&self) -> ConnectionSpec;
    /// Sample contacts as CSV, the same each time.
    fn sample(&self) -> SandboxSample;
    /// The prospects that a search finds.
    fn prospects(&self, search: &SandboxSearch) -> SandboxFound<SandboxProspect>;
    /// One prospect.
    fn prospect(&self, id: u64) -> Option<SandboxProspect>;
    /// All lists.
    fn lists(&self) -> Vec<SandboxList>;
    /// Calls, newest first: those before a number, if one is given.
    fn calls(&self, before: Option<u64>, most: usize) -> Vec<SandboxCall>;
    /// What can be switched on to go wrong.
    fn faults(&self) -> Vec<SandboxFault>;
    /// Switches a fault on or off; says whether there is one of this key.
    fn switch(&self, key: &str, on: bool) -> bool;
    /// Does something to it, once.
    fn act(&self, act: SandboxAct);
}
