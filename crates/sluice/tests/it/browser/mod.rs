//! The console in Chromium: what people do, from the set-up to a run that broke, with and without script.
//!
//! Knows pages by what a person reads on them (labels, buttons, headings) and no markup. Every journey fails on a script
//! error, a breach of the page's policy, a call of another host, a dialog nobody asked for, and what axe calls serious.
//! Where Chromium is not installed the journeys are left out and say so; `SLUICE_BROWSER=required` makes that a failure.

mod access;
mod audience;
mod broken;
mod connect;
mod driver;
mod first_export;
mod hostile;
mod keyboard;
mod look;
mod mishaps;
mod page;
mod person;
mod scriptless;
mod watch;
mod workbench;
