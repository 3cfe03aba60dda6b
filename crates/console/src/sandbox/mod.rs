//! The sandbox of a server: what the local Pardot holds, which calls it saw, and what may go wrong there on purpose.
//!
//! Knows documents; which program stands behind them is the binary's.

mod documents;
mod pages;

pub use documents::{
    SandboxAct, SandboxCall, SandboxFault, SandboxFigures, SandboxFound, SandboxList, SandboxProspect, SandboxSample,
    SandboxSearch,
};
pub use pages::{SandboxJournal, SandboxLists, SandboxPage, SandboxProspectPage, SandboxProspects};
